"""What people read, in English and 简体中文."""

from workbench.i18n.table import LANGUAGES, TEXTS, text

__all__ = ["LANGUAGES", "TEXTS", "text"]

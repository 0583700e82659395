"""One function per app: they wire states, panels and client, and start Voila or JupyterLab."""

from workbench.apps.page import app

__all__ = ["app"]

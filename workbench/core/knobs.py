"""Settings declared once, as annotated fields: form, search, check and docs read them here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, get_type_hints

from workbench.core.errors import BadInput

Config = TypeVar("Config")
_KNOWN: dict[type, tuple[Knob, ...]] = {}  # reading annotations takes 0.5 ms: once per type


@dataclass(frozen=True)
class Span:
    """A number from ``low`` to ``high``, both included; a slider moves it by ``step``."""

    low: float
    high: float
    step: float
    help: str = ""
    unit: str = ""

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is a number inside (NaN is not); whole steps make whole numbers."""
        kinds = int if isinstance(self.step, int) else (int, float)
        number = isinstance(value, kinds) and not isinstance(value, bool)
        return number and bool(self.low <= value <= self.high)

    def __str__(self) -> str:
        kind = "a whole number" if isinstance(self.step, int) else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of ``options``."""

    options: tuple[Any, ...]
    help: str = ""
    unit: str = ""

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is one of the options, and of its type (``1`` is not ``True``)."""
        return any(type(value) is type(o) and value == o for o in self.options)

    def __str__(self) -> str:
        return "one of " + ", ".join(str(option) for option in self.options)


@dataclass(frozen=True)
class Knob:
    """One setting of a config dataclass."""

    name: str
    domain: Span | Choice
    default: Any


def knobs(config_type: type) -> tuple[Knob, ...]:
    """The declared settings of a config dataclass, in order.

    Raises:
        TypeError: if a field has no domain: our own mistake, not the user's.
    """
    if known := _KNOWN.get(config_type):
        return known
    hints = get_type_hints(config_type, include_extras=True)
    found = []
    for field in fields(config_type):
        notes = getattr(hints[field.name], "__metadata__", ())
        domains = [note for note in notes if hasattr(note, "holds")]
        if len(domains) != 1 or field.default is MISSING:
            raise TypeError(f"{config_type.__name__}.{field.name} needs one domain and a default")
        found.append(Knob(field.name, domains[0], field.default))
    return _KNOWN.setdefault(config_type, tuple(found))


def check(config: Any) -> None:
    """Raise ``BadInput`` if a setting of ``config`` lies outside its declared domain."""
    for knob in knobs(type(config)):
        value = getattr(config, knob.name)
        if not knob.domain.holds(value):
            told = f"{config.name}.{knob.name} = {value!r}"
            raise BadInput(told, str(knob.domain), f"choose {knob.domain}")


def build(config_type: type[Config], settings: Mapping[str, Any]) -> Config:
    """Make a config from plain data, as read from JSON.

    Raises:
        BadInput: for an unknown setting or a value outside its domain.
    """
    known = [knob.name for knob in knobs(config_type)]
    for name in settings:
        if name not in known:
            raise BadInput(
                f"{getattr(config_type, 'name', config_type.__name__)}.{name}",
                "one of the settings " + (", ".join(known) or "(none)"),
                f"remove {name!r}",
            )
    config = config_type(**settings)
    check(config)
    return config

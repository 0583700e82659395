"""The pickled index of a torch zip, read one operation at a time: only tables of tensors come out.

No key but text is ever hashed, no tuple holds another but a shape, and nothing is shown that was
not looked at: a few bytes can describe a tuple that is 2**40 times as large.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from workbench.core.errors import BadInput
from workbench.models.limits import OPERATIONS, RANK

STORAGES = {
    **{"FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "BFloat16Storage": ("BF16", 2)},
    **{"DoubleStorage": ("F64", 8), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4)},
    **{"ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1)},
    "BoolStorage": ("BOOL", 1),
}
CONVERT = "convert it to safetensors where you trust it"
PLAIN = "plain tensors only"


class Stored(NamedTuple):
    """A tensor of the index: type as safetensors spells it, shape, where its bytes begin."""

    dtype: str
    shape: tuple[int, ...]
    start: int = 0


@dataclass(frozen=True)
class _Kind:
    """A class of storages, such as ``torch.FloatStorage``."""

    dtype: str
    width: int


@dataclass(frozen=True)
class _Storage:
    kind: _Kind
    elements: int
    start: int


@dataclass(frozen=True)
class _Call:
    """A function that the index may ask for."""

    name: str


@dataclass(frozen=True)
class _Arguments:
    """A tuple that is no shape: it goes into a call and nowhere else."""

    items: tuple[Any, ...]


CALLS = {
    ("collections", "OrderedDict"): _Call("table"),
    ("torch._utils", "_rebuild_tensor_v2"): _Call("tensor"),
    ("torch._utils", "_rebuild_parameter"): _Call("parameter"),
}
# what may stand in a tuple: tables are the hooks of a tensor, which torch saves empty
INSIDE = (str, int, float, bool, type(None), _Kind, _Storage, Stored, dict)
WHOLE = 2**63  # above every count that torch could save


class Index:
    """A machine for the few operations of ``torch.save``; whatever else is asked is refused.

    Args:
        name: of the file, for errors.
        storages: key to (bytes, where they begin).
    """

    def __init__(self, name: str, storages: Mapping[str, tuple[int, int]]) -> None:
        self._name, self._storages = name, storages
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def load(self, content: bytes) -> dict[str, Stored]:
        """The table that a pickle builds.

        Raises:
            BadInput: for anything that is no table of tensors.
            Exception: of many kinds, for a damaged pickle.
        """
        for count, (opcode, argument, _) in enumerate(pickletools.genops(content), 1):
            OPERATIONS.check(count, self._name)
            step = STEPS.get(opcode.name)
            if step is None:
                raise self._odd(f" (pickle operation {opcode.name})")
            step(self, argument)
        found = self._stack.pop()
        if type(found) is not dict or not all(type(x) is Stored for x in found.values()):
            raise BadInput(self._name, "a table of plain tensors", CONVERT)
        return found

    def _odd(self, what: str, expected: str = PLAIN) -> BadInput:
        """The refusal; ``what`` is no value of the pickle unless it is short text."""
        return BadInput(f"{self._name}{what}", expected, CONVERT)

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self, _: Any = None) -> None:
        self._marks.append(len(self._stack))

    def _since_mark(self) -> list[Any]:
        place = self._marks.pop()
        found, self._stack[place:] = self._stack[place:], []
        return found

    def _taken(self, count: int) -> list[Any]:
        place = len(self._stack) - count
        if place < (self._marks[-1] if self._marks else 0):
            raise self._odd(" (a value that is not there)")
        found, self._stack[place:] = self._stack[place:], []
        return found

    def _row(self, count: int | None) -> None:
        """A tuple of the last values: a shape, or what a call is given."""
        items = tuple(self._since_mark() if count is None else self._taken(count))
        if not all(type(item) in INSIDE or type(item) is tuple for item in items):
            raise self._odd(" (a tuple of other things)")
        flat = len(items) <= RANK.most and all(type(item) is int for item in items)
        self._push(items if flat else _Arguments(items))

    def _entries(self, count: int | None) -> None:
        """Keys and values into the table below them; only text is hashed."""
        items = self._since_mark() if count is None else self._taken(count)
        table = self._stack[-1]
        keys, values = items[::2], items[1::2]
        if type(table) is not dict or not all(type(key) is str for key in keys):
            raise self._odd(" (a key that is no name)")
        table.update(zip(keys, values, strict=True))

    def _more(self, count: int | None) -> None:
        """Values into the list below them."""
        items = self._since_mark() if count is None else self._taken(count)
        if type(self._stack[-1]) is not list:
            raise self._odd(" (a list that is not there)")
        self._stack[-1].extend(items)

    def _keep(self, place: int | None) -> None:
        self._memo[len(self._memo) if place is None else place] = self._stack[-1]

    def _keep_far(self, place: int) -> None:
        """A place that a small index never comes to would once take all memory."""
        if place > OPERATIONS.most:
            raise self._odd(" (pickle operation LONG_BINPUT)")
        self._keep(place)

    def _kept(self, place: int) -> None:
        self._push(self._memo[place])

    def _named(self, words: str) -> None:
        """A class or a function, looked up among those that we know."""
        module, _, name = words.partition(" ")
        known: Any = CALLS.get((module, name))
        if module == "torch" and name in STORAGES:
            known = _Kind(*STORAGES[name])
        if known is None:
            raise self._odd(f" asks for {module!r:.60}.{name!r:.60}")
        self._push(known)

    def _named_before(self, _: Any) -> None:
        module, name = self._taken(2)
        if type(module) is not str or type(name) is not str:
            raise self._odd(" (a name that is no text)")
        self._named(f"{module} {name}")

    def _settled(self, _: Any) -> None:
        """What ``BUILD`` would set on a table (its version) is left out."""
        self._taken(1)

    def _storage(self, _: Any) -> None:
        (told,) = self._taken(1)
        _, kind, key, _, elements = self._items(told, 5)
        if type(kind) is not _Kind or type(key) is not str or type(elements) is not int:
            raise self._odd(" (a storage of other things)")
        size, start = self._storages.get(key, (-1, 0))
        if size != kind.width * elements:
            told = f"{self._name}: storage {key!r:.40}"
            raise BadInput(told, "as many bytes as it lists", "download or export it again")
        self._push(_Storage(kind, elements, start))

    def _call(self, _: Any) -> None:
        """What a function makes of its arguments."""
        function, told = self._taken(2)
        name = function.name if type(function) is _Call else ""
        if name == "table" and told == ():
            self._push({})
        elif name == "tensor":
            self._push(self._tensor(*self._items(told, 4)))
        elif name == "parameter":
            self._push(self._items(told, 1)[0])
        else:
            raise self._odd(" (a call of something else)")

    def _items(self, told: Any, count: int) -> tuple[Any, ...]:
        """The first items of a tuple for a call."""
        if type(told) is not _Arguments or len(told.items) < count:
            raise self._odd(" (a call without its values)")
        return told.items[:count]

    def _tensor(self, storage: Any, offset: Any, shape: Any, stride: Any) -> Stored:
        flat = type(shape) is tuple and type(stride) is tuple and len(shape) == len(stride)
        if type(storage) is not _Storage or not flat:
            raise self._odd(" (a tensor of other things)")
        if not all(type(x) is int and 0 <= x < WHOLE for x in (offset, *shape, *stride)):
            raise self._odd(" (a tensor of odd numbers)")
        reach = sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) + 1
        if offset + max(prod(shape), reach) > storage.elements:
            raise self._odd(f": a tensor of {shape!r:.60}", "no more than its storage holds")
        return Stored(storage.kind.dtype, shape, storage.start + offset * storage.kind.width)


Step = Callable[[Index, Any], None]
# what torch.save writes for a table of tensors, and no more
STEPS: dict[str, Step] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda m, _: None),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINFLOAT"), Index._push),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), Index._push),
    **dict.fromkeys(("BINPUT", "MEMOIZE"), Index._keep),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), Index._kept),
    "LONG_BINPUT": Index._keep_far,
    "NONE": lambda m, _: m._push(None),
    "NEWTRUE": lambda m, _: m._push(True),
    "NEWFALSE": lambda m, _: m._push(False),
    "MARK": Index._mark,
    "EMPTY_DICT": lambda m, _: m._push({}),
    "EMPTY_LIST": lambda m, _: m._push([]),
    "EMPTY_TUPLE": lambda m, _: m._row(0),
    "TUPLE1": lambda m, _: m._row(1),
    "TUPLE2": lambda m, _: m._row(2),
    "TUPLE3": lambda m, _: m._row(3),
    "TUPLE": lambda m, _: m._row(None),
    "SETITEM": lambda m, _: m._entries(2),
    "SETITEMS": lambda m, _: m._entries(None),
    "APPEND": lambda m, _: m._more(1),
    "APPENDS": lambda m, _: m._more(None),
    "GLOBAL": Index._named,
    "STACK_GLOBAL": Index._named_before,
    "BUILD": Index._settled,
    "REDUCE": Index._call,
    "BINPERSID": Index._storage,
}

"""What a file is by its first bytes, whatever its name: a pickle, something packed, or neither.

Source:
    Lib/pickletools.py of Python for the operations of a pickle; the formats' own descriptions for
    how packed files begin.
"""

from __future__ import annotations

import pickletools
import tarfile
import zlib
from contextlib import suppress
from typing import Any

HEAD = 1 << 16  # bytes that are looked at
ENOUGH = 200  # operations in a row: no text is a pickle for so long
PACKED = {
    **dict.fromkeys((b"PK\3\4", b"PK\5\6", b"PK\7\x08"), "zip"),
    **{bytes((0x50 + n, 0x2A, 0x4D, 0x18)): "zstd" for n in range(16)},
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x02\x21\x4c\x18": "lz4",
    b"\x1f\x8b": "gzip",
    b"\x1f\x9d": "compress",
    b"\xfd7zXZ\0": "xz",
    b"]\0\0": "lzma",
    b"LZIP\1": "lzip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\xff\6\0\0sNaPpY": "snappy",
    b"ZF0x": "joblib",
}
BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # how bzip2 goes on after BZh and a digit
WIDTHS = {  # of the length before an argument
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
MARK, ANY, TUPLE = pickletools.markobject, pickletools.anyobject, pickletools.pytuple
WORDS = {pickletools.pyunicode, pickletools.pybytes_or_str}
OPERATIONS = {operation.code: operation for operation in pickletools.opcodes}
FILLED = {  # an unpickler tries to fill whatever it is told to
    kind
    for operation in OPERATIONS.values()
    for kind in operation.stack_after
    if kind.name in ("any", "list", "dict", "set", "bytearray")
}
REFUSED = {"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER"}  # by plain unpicklers
FILLS = {"APPENDS", "SETITEMS", "ADDITEMS"}
PAIRS = {"GLOBAL", "INST"}


def packed(head: bytes) -> str:
    """How a file is packed, by its first bytes; nothing where it is not."""
    for magic, kind in PACKED.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"BZh") and head[4:10] in BLOCKS:
        return "bzip2"
    if _deflated(head):
        return "zlib"
    with suppress(tarfile.HeaderError, ValueError):
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")  # checks its sum
        return "tar"
    return ""


def _deflated(head: bytes) -> bool:
    """Two bytes are soon alike: some of what follows must unpack, too."""
    if len(head) < 2 or head[0] & 0x8F != 8 or int.from_bytes(head[:2], "big") % 31:
        return False
    machine = zlib.decompressobj()
    with suppress(zlib.error):
        return len(machine.decompress(head[:1024], 1024)) >= 64 or machine.eof
    return False


def pickled(head: bytes, size: int) -> bool:
    """Whether an unpickler would make something of a file.

    Pickles of protocol 0 and 1 begin like text, and text like such a pickle: the operations are
    followed, with nothing but the kinds of values on the stack, until one is not possible (text:
    after a few), one would call a function, or it ends. Where unpicklers differ, what any of them
    takes is possible.

    Args:
        head: the first bytes, ``HEAD`` where there are more.
        size: bytes of the file.
    """
    machine, place = _Kinds(), 0
    try:
        while place < len(head):
            opcode = OPERATIONS[chr(head[place])]
            argument, place = _argument(opcode, head, place + 1, size)
            if place <= len(head) and machine.told(opcode, argument):
                return True
    except (ValueError, LookupError):  # no operation, or not a possible one
        return False
    return HEAD == len(head) < size and place <= size  # it goes on as it began


def _argument(opcode: Any, head: bytes, start: int, size: int) -> tuple[bytes, int]:
    """The bytes behind an operation, and where the next one begins."""
    kind = opcode.arg.n if opcode.arg else 0
    if kind == pickletools.UP_TO_NEWLINE:
        end = head.find(b"\n", start)
        if opcode.name in PAIRS and end >= 0:
            end = head.find(b"\n", end + 1)
        if end >= 0:
            return head[start:end], end + 1
        if opcode.name == "UNICODE" or head[start : start + 1] in (b"'", b'"'):
            return b"", size  # a long line may still end
        raise ValueError(opcode.name)
    width = WIDTHS.get(kind, 0)
    length = int.from_bytes(head[start : start + width], "little") if width else kind
    end = start + width + length
    return head[start + width : end], end


class _Kinds:
    """The stack of an unpickler, with kinds in the place of values."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._count, self._headed = 0, False

    def told(self, opcode: Any, argument: bytes) -> bool:
        """Go on by an operation; whether it is now sure that this is a pickle.

        Raises:
            ValueError: if the operation is not possible here.
            LookupError: likewise.
        """
        name = opcode.name
        self._count += 1
        if name == "STOP":
            return self._stack[-1] in FILLED | {TUPLE} and self._count > 3
        if name in REFUSED:
            raise ValueError(name)
        _check(name, argument)
        if self._calls(name):
            return True
        self._go(opcode, argument)
        sure = self._headed or self._count > ENOUGH
        self._headed = name == "PROTO"
        return sure

    def _calls(self, name: str) -> bool:
        """Whether something would be imported by name, called, or filled in."""
        last = self._stack[-2:]
        if name in ("REDUCE", "NEWOBJ", "BUILD"):
            return last[0] is ANY and last[1] is not MARK
        if name == "NEWOBJ_EX":
            return self._stack[-3] is ANY
        if name == "STACK_GLOBAL":
            return last[0] in WORDS and last[1] in WORDS
        if name == "OBJ":
            return self._stack[self._mark() + 1] is ANY
        return name == "INST" and self._mark() >= 0

    def _go(self, opcode: Any, argument: bytes) -> None:
        name, before = opcode.name, opcode.stack_before
        if "PUT" in name or name == "MEMOIZE":
            self._memo[_place(name, argument, len(self._memo))] = self._stack[-1]
        elif "GET" in name:
            self._stack.append(self._memo[_place(name, argument)])
        elif name == "DUP":
            self._stack.append(self._stack[-1])
        elif name == "POP" or (name in FILLS and self._stack[-1] is MARK):
            self._stack.pop()  # nothing is put into nothing
        else:
            if MARK in before:
                del self._stack[self._mark() :]
                before = before[: before.index(MARK)]
            place = len(self._stack) - len(before)
            if place < 0 or not all(map(_fits, self._stack[place:], before)):
                raise ValueError(name)
            self._stack[place:] = opcode.stack_after

    def _mark(self) -> int:
        """Where the last mark lies."""
        return len(self._stack) - 1 - self._stack[::-1].index(MARK)


def _fits(found: Any, wanted: Any) -> bool:
    if wanted in FILLED:
        return found is not MARK if wanted is ANY else found in FILLED
    return found is wanted or found is ANY


def _place(name: str, argument: bytes, count: int = 0) -> int:
    """Where something is remembered."""
    if name == "MEMOIZE":
        return count
    return int(argument) if name in ("PUT", "GET") else int.from_bytes(argument, "little")


def _check(name: str, argument: bytes) -> None:
    """Raise ``ValueError`` for an argument in text that no unpickler takes."""
    if name in PAIRS:
        lines = argument.decode().split("\n")
        right = all(part.isidentifier() for line in lines for part in line.split("."))
    elif name == "STRING":
        right = len(argument) > 1 and argument[:1] == argument[-1:] and argument[:1] in b"'\""
    else:
        right = name != "PROTO" or argument <= b"\5"
    if not right:
        raise ValueError(name)
    if name in ("INT", "LONG"):
        _number(argument.removesuffix(b"L"))
    elif name == "FLOAT":
        float(argument)


def _number(digits: bytes) -> int:
    try:
        return int(digits)
    except ValueError:
        return int(digits, 0)  # some read 0x10 as well

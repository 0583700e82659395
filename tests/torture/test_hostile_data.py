"""Files of gigabytes: refused by a stated limit, or streamed, with little memory and in time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

GIB = 2**30
CHILD = """
import json, resource, sys, time
from workbench import tasks
from workbench.core.errors import BadInput
begun, said, rows = time.process_time(), "", 0
try:
    look = getattr(tasks, sys.argv[1])
    found = look(sys.argv[2] if sys.argv[1] == "preview" else tasks.csv_id(sys.argv[2]))
    rows = found.rows if sys.argv[1] == "preview" else len(found.rows("train").texts)
    said = "; ".join(b.reason for b in getattr(found, "bad_rows", ())[:3])
except BadInput as err:
    said = str(err)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"said": said, "rows": rows, "mib": peak, "s": time.process_time() - begun}))
"""


def looked(what, path):
    """What a process of its own says of a file, its peak memory [MiB] and CPU time [s]."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(path)], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(what, path.name, told)
    return told


def sparse(path, head, size):
    """A file that claims ``size`` bytes, nearly all of them NUL."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def repeated(path, head, piece, size):
    """A file of ``size`` bytes, ``piece`` again and again after ``head``."""
    block = piece * max(1, (1 << 20) // len(piece))
    with path.open("wb") as file:
        file.write(head)
        while file.tell() < size:
            file.write(block)
    return path


@pytest.mark.parametrize("what", ["preview", "find"])
def test_above_two_gibibytes_nothing_is_read(tmp_path, what):
    told = looked(what, sparse(tmp_path / "huge.csv", b"text,label\n", 100 * GIB))

    assert "expected at most 2,147,483,648 bytes; take a sample of it" in told["said"]
    assert told["mib"] < 150
    assert told["s"] < 5


def test_a_line_of_two_gibibytes_is_passed_over(tmp_path):
    head = b"text,label\na,x\nb,y\n" + b"a" * (1 << 20)
    path = sparse(tmp_path / "line.csv", head, 2 * GIB)
    told = looked("preview", path)

    assert told["rows"] == 2
    assert "a line of more than 4,000,000 characters" in told["said"]
    assert told["mib"] < 300
    assert told["s"] < 120


ROW = b"where is my parcel, please tell me, it is late and I wait for it since monday"


@pytest.mark.parametrize(
    ("piece", "name", "most"),
    [
        (b'"%s",a\n"%s",b\n' % (ROW * 6, ROW * 6), "long.csv", 200),
        (b'{"text":"%s","label":"a"}\n{"text":"x","label":"b"}\n' % (ROW * 4), "rows.jsonl", 200),
        (b"ab," * 1_300_000 + b"\nx,a\ny,b\n", "wide.csv", 600),
        (b'"' + b"a bcd efg hij klm nop qrs\n" * 10_000 + b'",a\nx,a\ny,b\n', "tall.csv", 200),
        ("\U0001f4e6".encode() * 900_000 + b",a\nx,b\n", "cells.csv", 300),
    ],
)
def test_half_a_gigabyte_is_streamed(tmp_path, piece, name, most):
    head = b"" if name.endswith("jsonl") else b"text,label\n"
    told = looked("preview", repeated(tmp_path / name, head, piece, 500 * 10**6))

    assert told["rows"] > 0
    assert told["mib"] < most
    assert told["s"] < 120


@pytest.mark.parametrize("piece", [b"\n", b'"\n', b'"a\n', b'x"y,"z\n', b"\r", b"a,b\n"])
def test_endless_lines_and_quotes_take_bounded_time(tmp_path, piece):
    told = looked("preview", repeated(tmp_path / "l.csv", b"text,label\na,b\n", piece, GIB))

    assert "expected" in told["said"]
    assert told["mib"] < 1_000
    assert told["s"] < 240


def test_a_task_of_too_much_text_is_refused_before_memory_runs_out(tmp_path):
    piece = b"x" * 900 + b",a\ny,b\n"
    told = looked("find", repeated(tmp_path / "much.csv", b"text,label\n", piece, GIB))

    assert "expected at most 500,000,000 characters of text in all" in told["said"]
    assert told["mib"] < 1_500
    assert told["s"] < 120


def test_the_largest_task_fits_into_memory(tmp_path):
    row = b"where is my parcel number %d please,%s\n"
    path = tmp_path / "most.csv"
    with path.open("wb") as file:
        file.write(b"text,label\n")
        for i in range(0, 4_900_000, 10):
            file.write(b"".join(row % (i + j, b"ab"[j % 2 : j % 2 + 1]) for j in range(10)))
    told = looked("find", path)

    assert told["said"] == ""
    assert told["rows"] > 3_900_000
    assert told["mib"] < 2_500

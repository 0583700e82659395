"""Build the corpus of hostile model folders: ``python tests/make_hostile.py OUT_DIR``.

Beside the folders it writes ``expected.json``: for each folder how ``workbench inspect --load``
must exit and what it must say. ``it-ran`` in OUT_DIR appears if anything in a folder was run.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import hostile_disguises
import hostile_files
import hostile_pickles
import hostile_texts
import hostile_tokenizers
import hostile_weights
from hostile import Case


def cases(mark: Path) -> list[Case]:
    """All cases; ``mark`` is the folder that a pickle or a program of theirs would make."""
    parts = (hostile_weights, hostile_pickles, hostile_files, hostile_disguises)
    parts += (hostile_texts, hostile_tokenizers)
    return [case for part in parts for case in part.cases(mark)]


def make(out: Path) -> list[dict[str, object]]:
    """Build every case below a folder and say what is expected of each."""
    out.mkdir(parents=True, exist_ok=True)
    expected: list[dict[str, object]] = []
    for number, case in enumerate(cases(out / "it-ran")):
        slug = re.sub(r"\W+", "-", case.name.lower()).strip("-")[:40]
        place = case.build(out / f"{number:03}-{slug}")
        told = {"case": case.name, "path": str(place), "exit": case.code, "says": case.says}
        expected.append(told)
    (out / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=True))
    return expected


if __name__ == "__main__":
    print(len(make(Path(sys.argv[1]))), "folders in", sys.argv[1])

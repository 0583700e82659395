"""``python -m workbench.models.keras_reader FILE FOLDER``: what ``keras.taken_in`` starts.

HDF5's own library parses the file here, shut in: whatever a file does to it, it reads that file
and its companions only, and writes into one folder. The answer is one JSON document.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.models import cage
from workbench.models.keras_file import beside, read_into

MEMORY, SECONDS = 2**30, 120  # beside six times the file's bytes, and one second per 20 MB
COPIES, BYTES_PER_S = 6, 20 * 2**20


def main() -> None:
    """Import what is trusted, close the cage, read."""
    import h5py  # noqa: F401 (now: the cage counts memory and time from here on)
    import safetensors.numpy  # noqa: F401
    import tokenizers  # noqa: F401

    path, target = Path(sys.argv[1]), Path(sys.argv[2])
    around = [path, *beside(path)]
    stored = sum(x.stat().st_size for x in around)
    cage.close(around, target, MEMORY + COPIES * stored, SECONDS + stored // BYTES_PER_S)
    told: dict[str, object] = {}
    try:
        read_into(path, around[1:], target)
    except BadInput as err:
        told = {"error": err.to_json()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()

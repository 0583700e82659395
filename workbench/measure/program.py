"""What runs inside a host: open a session, time it, answer the split, tell the memory."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.core.knobs import build
from workbench.measure import decoding
from workbench.measure.spare import leave_out, with_them_if_need_be
from workbench.measure.writing import Writing
from workbench.recipes.registry import RUNTIMES, lookup

WARM_UP, WARM_UP_S = 8, 1.0  # texts at least, the longest among them; seconds for all of them


class Program:
    """One session and the texts that it is timed on."""

    def __init__(self) -> None:
        self._session: Any = None
        self._texts: list[str] = []
        self._writing: Writing | None = None

    def open(self, folder: str, runtime: dict[str, Any]) -> dict[str, Any]:
        """Open a session; the answer has the seconds that it took, those of a compiler apart."""
        started = time.perf_counter()
        entry = lookup(RUNTIMES, "runtime", runtime.get("name"))
        settings = {name: value for name, value in runtime.items() if name != "name"}
        config = build(entry.config_type, settings)
        self._session = with_them_if_need_be(lambda: entry.opener(Path(folder), config))
        told = {"pid": os.getpid(), "seconds": time.perf_counter() - started}
        compiled = getattr(self._session, "compile_seconds", None)
        return told if compiled is None else {**told, "compile_seconds": compiled}

    def texts(self, texts: list[str], warm_s: float = WARM_UP_S) -> dict[str, Any]:
        """Take the texts and warm up on them: some engines build a kernel for every length."""
        self._texts = texts
        longest = sorted(texts, key=len)[-2:]
        until = time.perf_counter() + warm_s
        for count, text in enumerate((*longest, *texts)):
            if count >= WARM_UP and time.perf_counter() > until:
                break
            self._session.predict([text])
        return {}

    def time(self, rows: list[int]) -> dict[str, Any]:
        """Seconds per text, from the string and for the model alone."""
        whole, alone = [], []
        for row in rows:
            text = [self._texts[row]]
            start = time.perf_counter()
            self._session.predict(text)
            whole.append(time.perf_counter() - start)
            batch = self._session.encode(text)
            start = time.perf_counter()
            self._session.forward(batch)
            alone.append(time.perf_counter() - start)
        return {"seconds": whole, "model_seconds": alone}

    def batch(self, size: int, rows: int) -> dict[str, Any]:
        """Seconds for ``rows`` texts in batches of similar length, from the strings."""
        some = [self._texts[i % len(self._texts)] for i in range(rows)]
        start = time.perf_counter()
        answer_all(self._session, [[some[i] for i in part] for part in in_batches(some, size)])
        return {"seconds": time.perf_counter() - start, "rows": rows}

    def load(self, size: int, rows: int, bucketed: bool) -> dict[str, Any]:
        """Seconds for ``rows`` texts, and those of each batch by itself, every stream kept busy.

        Batches hold texts of similar length if ``bucketed``, else texts as they come.
        """
        some = [self._texts[i % len(self._texts)] for i in range(rows)]
        parts = list(in_batches(some, size, bucketed))
        start = time.perf_counter()
        answers = answer_all(self._session, [[some[i] for i in part] for part in parts])
        total = time.perf_counter() - start
        return {"seconds": total, "batch_seconds": [seconds for _, seconds in answers]}

    def outputs(self, texts: list[str], size: int) -> dict[str, Any]:
        """Logits of texts, in their order: float32, row by row, in base64.

        They go through the pipe: a file would be left behind by a kill.
        """
        found: np.ndarray | None = None
        for part in in_batches(texts, size):
            logits = self._session.predict([texts[i] for i in part])
            if found is None:
                found = np.empty((len(texts), logits.shape[1]), dtype=np.float32)
            found[part] = logits
        assert found is not None, "a split has rows"
        told = b64encode(found.astype("<f4").tobytes()).decode()
        return {"logits": told, "shape": list(found.shape)}

    def open_writer(
        self, folder: str, runtime: dict[str, Any], chat: bool = False
    ) -> dict[str, Any]:
        """Open a session that writes, behind prompts with a chat template around them if ``chat``.

        The answer has the seconds that it took.
        """
        from workbench.runtimes.writers import opened

        started = time.perf_counter()
        self._session = with_them_if_need_be(lambda: opened(Path(folder), runtime))
        self._session.prompts.chat = chat
        return {"pid": os.getpid(), "seconds": time.perf_counter() - started}

    def write(self, prompts: list[str], sampling: dict[str, Any]) -> dict[str, Any]:
        """Begin to write behind prompts; ``more`` gives what there is."""
        self._writing = Writing(self._session, prompts, sampling)
        return {"tokens": self._writing.given}

    def more(self) -> dict[str, Any]:
        """What was written since: a piece of text per prompt, the tokens so far, the seconds."""
        assert self._writing is not None
        return self._writing.more()

    def stop(self) -> dict[str, Any]:
        """Write no further; the session stays open."""
        self._writing = None
        return {}

    def paced(self, prompts: list[str], tokens: int) -> dict[str, Any]:
        """Seconds to the first token and to the last of so many behind each prompt."""
        return decoding.paced(self._session, prompts, tokens)

    def greedy(self, prompts: list[str], tokens: int) -> dict[str, Any]:
        """What is written behind prompts, always the likeliest token, as ids and as text."""
        return decoding.greedy(self._session, prompts, tokens)

    def costs(self, prompts: list[str], targets: list[str]) -> dict[str, Any]:
        """What targets cost the model, in nats, and their bytes."""
        return decoding.costs(self._session, prompts, targets)

    def shares(self, prompt: str, tokens: list[int]) -> dict[str, Any]:
        """Log-probabilities of all tokens at every place of what stands behind a prompt."""
        return decoding.shares(self._session, prompt, tokens)

    def profile(self, folder: str, runtime: dict[str, Any], texts: list[str]) -> dict[str, Any]:
        """Where the time goes; in a process that times nothing for a record."""
        from workbench.measure.profile import profiled

        return {"profile": profiled(Path(folder), runtime, texts).to_json()}

    def ceiling(self, threads: int, seconds: float, device: str = "cpu") -> dict[str, Any]:
        """What the machine could do at best."""
        from workbench.measure.ceiling import measured

        return {"ceiling": measured(threads, seconds, device).to_json()}

    def memory(self) -> dict[str, Any]:
        """Peak memory in bytes: on the GPU if it computes there, else this resident set."""
        return {"bytes": gpu_memory() or peak_memory()}


def answer_all(
    session: Any, batches: Sequence[Sequence[str]]
) -> Sequence[tuple[np.ndarray, float]]:
    """Logits of each batch and its seconds, in order; several at once where there are streams."""
    if hasattr(session, "predict_many"):
        return list(session.predict_many(batches))
    found = []
    for batch in batches:
        start = time.perf_counter()
        logits = session.predict(batch)
        found.append((logits, time.perf_counter() - start))
    return found


def in_batches(texts: Sequence[str], size: int, bucketed: bool = True) -> Iterator[list[int]]:
    """Batches of ``size`` texts: of similar length, the longest first, or as they come."""
    order = list(range(len(texts)))
    if bucketed:
        order.sort(key=lambda i: -len(texts[i]))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def gpu_memory() -> int:
    """The most that torch has held on the GPU in this process, in bytes; 0 if it never did.

    Source:
        https://docs.pytorch.org/docs/stable/notes/cuda.html#memory-management
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    return int(torch.cuda.max_memory_reserved())


def peak_memory() -> int:
    """``VmHWM`` on Linux, the maximum resident set elsewhere."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Serve orders until standard input closes; arguments: a module, the parent's pid."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # nothing is timed for nobody
        if os.getppid() != int(sys.argv[2]):  # it ended before we could ask
            return
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints goes elsewhere
    leave_out()
    importlib.import_module(sys.argv[1])
    program = Program()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(program, order.pop("do"))(**order)
        except BadInput as err:
            answer = {"error": err.to_json()}
        except Exception as err:
            answer = {"error": f"{type(err).__name__}: {err}"}
        out.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

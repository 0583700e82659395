"""ONNX Runtime dynamic INT8 against torch float32, batch 1, one thread, beside a bare loop.

Bar: at least 4x, and the hosts' interval holds the ratio of a loop timed in the same session.
"""

from __future__ import annotations

import os
import tempfile
import time

import numpy as np


def loop(session, texts) -> float:
    """Median seconds of one call."""
    seconds = []
    for text in [*texts[:5], *texts]:
        start = time.perf_counter()
        session.predict([text])
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[5:]))


def main() -> None:
    """Print the run's ratio and the loop's."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()
    import workbench
    from workbench import tasks
    from workbench.core.home import home
    from workbench.recipes.recipe import Recipe
    from workbench.recipes.registry import RUNTIMES
    from workbench.runtimes import OnnxRuntime, Torch
    from workbench.techniques import DynamicInt8

    client = workbench.connect(inline=True)
    model = client.tune("all-MiniLM-L6-v2", "shopdesk")
    run = client.run(model, "shopdesk", Recipe(OnnxRuntime(), (DynamicInt8(),)))
    told = run.metrics["speedup_latency"]
    print(f"hosts: {told.value:.2f}x ({told.low:.2f} to {told.high:.2f}), n = {told.n} launches")
    texts = tasks.find("shopdesk").rows("validation").texts[:80]
    plain = RUNTIMES["torch"].opener(home() / "models" / model, Torch())
    small = RUNTIMES["onnxruntime"].opener(home() / run.artifact, OnnxRuntime())
    ratios = [loop(plain, texts) / loop(small, texts) for _ in range(5)]
    print("bare loop: " + ", ".join(f"{r:.2f}x" for r in ratios))
    print(run.environment["cpu"], run.environment["instructions"])


if __name__ == "__main__":
    main()

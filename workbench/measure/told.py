"""From raw launches to metrics and verdicts; nothing else goes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workbench.core.records import Estimate, Verdict
from workbench.measure.compare import latency_ratios
from workbench.stats.intervals import mean_log_ratio, mean_positive
from workbench.stats.sequential import decide

STATISTICS: Mapping[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "p50": np.median,
    "p95": lambda seconds: np.percentile(seconds, 95),
    "p99": lambda seconds: np.percentile(seconds, 99),
}
Launches = Sequence[Mapping[str, Any]]


def metrics(launches: Launches) -> dict[str, Estimate]:
    """Metrics of the candidate, and its speed-up if there was a reference.

    A statistic is taken in each launch and averaged over launches on the log scale; its interval
    is a t interval over launches, so n is their number. ``speedup_latency`` is the geometric
    mean over launches of median reference ÷ median candidate; above 1 is faster.

    Args:
        launches: as ``Measured`` holds them.

    Returns:
        ``latency_*`` and ``model_latency_*`` in s, ``throughput`` in 1/s, ``memory`` in B,
        ``speedup_*`` as ratios; ``compile_time`` in s where a compiler had to work first.
    """
    mine = [launch["candidate"] for launch in launches]
    found = {}
    for prefix, what in (("latency", "seconds"), ("model_latency", "model_seconds")):
        for name, statistic in STATISTICS.items():
            values = [float(statistic(side[what])) for side in mine]
            found[f"{prefix}_{name}"] = mean_positive(values, "s")
    found["throughput"] = mean_positive([_rate(side) for side in mine], "1/s")
    found["memory"] = mean_positive([float(side["memory"]) for side in mine], "B")
    if "compile_seconds" in mine[0]:  # later launches find the kernels of the first
        once = float(mine[0]["compile_seconds"])
        found["compile_time"] = Estimate(once, once, once, 1, "s")
    found |= {name: mean_log_ratio(values) for name, values in ratios(launches).items()}
    return found


def verdicts(launches: Launches) -> dict[str, Verdict]:
    """Faster, slower or cannot tell, read from the repeated interval; empty without reference."""
    return {name: decide(values) for name, values in ratios(launches).items()}


def ratios(launches: Launches) -> dict[str, list[float]]:
    """``speedup_latency`` and ``speedup_throughput`` of each launch; empty without reference."""
    if not launches[0]["reference"]:
        return {}
    rates = [_rate(launch["candidate"]) / _rate(launch["reference"]) for launch in launches]
    return {"speedup_latency": latency_ratios(launches), "speedup_throughput": rates}


def _rate(side: Mapping[str, Any]) -> float:
    batch = side["batch"]
    return float(batch["rows"] / np.median(batch["seconds"]))

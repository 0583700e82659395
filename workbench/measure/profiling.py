"""A profile in a host of its own, once the timed launches are over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.measure.compare import Side
from workbench.measure.host import Host
from workbench.measure.profile import TEXTS, Profile


def profile(
    side: Side,
    texts: Sequence[str],
    *,
    cancelled: Callable[[], bool] = lambda: False,
    seed: int = 0,
    module: str = "workbench.runtimes",
) -> Profile:
    """Where a side's time goes; seconds to a minute, nothing else is timed meanwhile.

    Args:
        side: the artifact and its runtime.
        texts: real inputs; some of them are drawn.
        cancelled: asked all the time; the host is gone within a second.
        seed: of the draw.
        module: imported in the host; it fills the table of runtimes.

    Raises:
        HostFailed: if the host ends or cannot open the artifact.
        Cancelled: when asked to stop.
    """
    chosen = np.random.default_rng(seed).permutation(len(texts))[:TEXTS]
    host = Host("candidate", int(side.runtime.get("threads", 1)), cancelled, module)
    try:
        told = host.ask(
            do="profile",
            folder=str(side.folder),
            runtime=dict(side.runtime),
            texts=[texts[i] for i in chosen],
        )
        return Profile.from_json(told["profile"])
    finally:
        host.close()

"""Work that is asked for: a server with a queue, workers, and the client that everybody holds."""

from __future__ import annotations

from typing import Any


def connect(*, inline: bool = False, client: str = "owner") -> Any:
    """A client over ``WORKBENCH_HOME``.

    Args:
        inline: do the work in this process instead of through the job server.
        client: id of the one who asks; visitors of a page have one of their own.
    """
    from workbench.core.home import home

    if inline:
        from workbench.jobs.inline import InlineClient

        return InlineClient(home())
    from workbench.jobs.client import HttpClient

    return HttpClient(home(), client)

"""One visit of the news page: jobs, and what is written for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from case_studies.news_generation import desk_texts
from workbench.core.client import Client
from workbench.core.errors import BadInput
from workbench.state.public import without_paths
from workbench.state.session import Session

SHOWN_JOBS = 100


class DeskSession(Session):
    """A visit that hears what is written for it, and needs no list of runs.

    Args:
        client: how work is asked for.
        home: ``WORKBENCH_HOME``.
        published: as ``Session`` has it.
        public: as ``Session`` has it.
    """

    def __init__(
        self, client: Client, home: Path, published: bool = False, public: bool = False
    ) -> None:
        super().__init__(client, home, published, public)
        self.hear: Callable[[Mapping[str, Any]], None] = lambda event: None

    def say(self, key: str, **values: Any) -> str:
        """A text of this page or of the workbench."""
        return desk_texts.text(key, self.language, **values)

    def told(self, err: BadInput) -> str:
        """As ``Session`` has it, slots under the names that the page gives them."""
        sentence = desk_texts.told(err, self.language)
        return without_paths(sentence) if self.published else sentence

    def refresh(self) -> None:
        """Read jobs anew."""
        self.jobs = tuple(map(self._job, self.client.jobs()[-SHOWN_JOBS:]))

    def handle(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the client."""
        whole = isinstance(event.get("job", {}), Mapping)  # a client in this process tells steps
        if event["type"] in ("ready", "job") and whole:
            super().handle(event)
        elif event["type"] == "text":
            self.hear(event)

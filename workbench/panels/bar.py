"""The top bar: name, steps, jobs, language, theme."""

from __future__ import annotations

from typing import Any

from workbench.panels.foreign import escape
from workbench.panels.web import Markup
from workbench.state.session import Session

STEPS = ("choose", "compress", "accelerate", "tune")
LATER = ("deploy", "monitor", "agent")  # of the spine, with the versions to come


class Bar(Markup):
    """View over a ``Session``."""

    title = "app.title"  # key of the page's name

    def __init__(self, session: Session) -> None:
        super().__init__(self._do)
        self.session = session
        self.add_class("wb-bar")
        session.observe(self._show, ["language", "jobs"])
        self._show()

    def _do(self, act: str, value: str) -> None:
        if act == "language":
            self.session.language = "en" if self.session.language == "zh" else "zh"

    def _steps(self) -> str:
        """The steps of the spine, as markup; another page has its own, or none."""
        say = self.session.say
        steps = "".join(
            f'<button class="wb-link" data-act="goto" data-value="{step}" data-key="{step}">'
            f"{escape(say(f'app.step.{step}'))}</button>"
            for step in STEPS
        )
        return steps + "".join(
            f'<span class="wb-link wb-later" aria-disabled="true" '
            f'title="{escape(say("app.later"))}">{escape(say(f"app.step.{step}"))}</span>'
            for step in LATER
        )

    def _show(self, _: Any = None) -> None:
        say = self.session.say
        jobs = self.session.active()
        running = sum(job.status == "running" for job in jobs)
        words = say("app.jobs_none")
        if jobs:
            words = say("app.jobs_some", running=running, waiting=len(jobs) - running)
        self.html = (
            f"<nav><b>{escape(say(self.title))}</b><span class='wb-steps'>{self._steps()}</span>"
            f'<span class="wb-tools"><span class="wb-note" role="status">{escape(words)}</span>'
            f"{_button('language', say('app.language'), say('app.language_help'))}"
            f"{_button('theme', '◐', say('app.theme_help'))}</span></nav>"
        )


def _button(act: str, words: str, help: str) -> str:
    return (
        f'<button class="wb-link" data-act="{act}" data-key="{act}" title="{escape(help)}" '
        f'aria-label="{escape(help)}">{escape(words)}</button>'
    )

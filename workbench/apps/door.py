"""The plain pages before the page: the token, no place, nothing here. They name no file."""

from __future__ import annotations

import asyncio
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import Any

from tornado.web import RequestHandler

from workbench.i18n.table import LANGUAGES, text

HERE = Path(__file__).parent / "share" / "pages"
STATUS = {"token": 401, "wrong": 403, "refused": 403, "full": 503}
WRONG_S = 1.0  # that a wrong token waits for its answer
FORM = (
    '<form method="post"><input type="password" name="token" aria-label="{label}" '
    'autocomplete="current-password" autofocus required><button>{button}</button></form>'
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def door_page(why: str) -> str:
    """A page that says in both languages why the workbench is not shown.

    Args:
        why: ``token``, ``wrong``, ``refused``, ``full`` or ``missing``.
    """
    words = "".join(
        f'<p lang="{language}">{escape(text(f"door.{why}", language))}</p>'
        for language in LANGUAGES
    )
    label, button = (
        escape(" · ".join(text(f"door.{key}", language) for language in LANGUAGES))
        for key in ("label", "button")
    )
    form = FORM.format(label=label, button=button) if why in ("token", "wrong") else ""
    page = Template((HERE / "door.html").read_text(encoding="utf-8"))
    return page.substitute(words=words, form=form)


class Door(RequestHandler):
    """Answers every request that may not come in.

    Args:
        why: ``refused`` or ``token``.
        token: who may come in.
    """

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def initialize(self, why: str, token: Any) -> None:
        """Take the arguments of the gate."""
        self._why, self._token = why, token

    def set_default_headers(self) -> None:
        """The headers of every page."""
        for name, value in {**HEADERS, "Cache-Control": "no-store"}.items():
            self.set_header(name, value)

    async def prepare(self) -> None:
        """Let in who shows the token, by form or once in the address; refuse all others."""
        given = "" if self._why != "token" else self._given()
        if given and self._token.right(given):
            return self._let_in()
        if not given and self._why == "token" and self._token.shown(self.request):
            return self._let_in()
        if given:
            await asyncio.sleep(WRONG_S)
        why = "wrong" if given else self._why
        self.set_status(STATUS[why])
        await self.finish(door_page(why))
        return None

    def _given(self) -> str:
        arguments = self.request.body_arguments if self.request.method == "POST" else {}
        values = [*arguments.get("token", ()), *self.request.query_arguments.get("token", ())]
        return values[0].decode(errors="replace").strip() if values else ""

    def _let_in(self) -> None:
        """Set the cookie and ask again, without the token."""
        kept = [
            (name, value)
            for name, values in self.request.query_arguments.items()
            for value in values
            if name != "token"
        ]
        secure = self.request.headers.get("X-Forwarded-Proto") == "https"
        self.set_cookie(
            self._token.cookie, self._token.value, httponly=True, samesite="Lax", secure=secure
        )
        from urllib.parse import urlencode

        query = urlencode(kept)
        self.redirect("/" + (f"?{query}" if query else ""), status=HTTPStatus.SEE_OTHER)

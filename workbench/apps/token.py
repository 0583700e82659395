"""The token of a published page: read from a file, compared in constant time, kept as a cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from tornado.httputil import HTTPServerRequest

from workbench.apps.limits import TOKEN_CHARS
from workbench.core.errors import BadInput

OTHERS = 0o077  # permissions of everybody but the owner


def read_token(path: Path) -> str:
    """The token of a file that only its owner can read.

    Raises:
        BadInput: if it is missing, open to others, or too short.
    """
    try:
        mode, words = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as err:
        raise BadInput(f"token file {path}", "a text file that is there", "make it") from err
    if mode & OTHERS:
        told = f"token file {path} (mode {mode & 0o777:o})"
        raise BadInput(told, "a file that only you can read", f"run chmod 600 {path}")
    if len(words) < TOKEN_CHARS or not words.isprintable() or " " in words:
        told = f"at least {TOKEN_CHARS} characters without spaces"
        raise BadInput(f"token file {path}", told, "make it: openssl rand -hex 24")
    return words


class Token:
    """Who has shown the token gets a cookie, which is random and ends with the server.

    Args:
        token: empty if everybody may come in.
        port: names the cookie, since ports of one host share them.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token, self.asked = token, bool(token)
        self.cookie, self.value = f"workbench-{port}", secrets.token_urlsafe(32)

    def right(self, given: str) -> bool:
        """Compare with the token, in a time that says nothing about it."""
        both = (hashlib.sha256(x.encode(errors="replace")).digest() for x in (given, self._token))
        return self.asked and hmac.compare_digest(*both)

    def shown(self, request: HTTPServerRequest) -> bool:
        """Whether a request carries the cookie, or the token in a header."""
        kept = request.cookies.get(self.cookie)
        if kept is not None and hmac.compare_digest(kept.value.encode(), self.value.encode()):
            return True
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() in ("bearer", "token") and self.right(given.strip())

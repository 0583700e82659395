"""What stands before a published page: whose name it is asked by, from where, and with what token.

Every request passes here before any handler of Voila sees it. A page elsewhere can neither reach
the server under a name of its own (DNS rebinding) nor speak to it from a visitor's browser.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest, split_host_and_port
from tornado.routing import Router
from tornado.web import Application

from workbench.apps.door import Door
from workbench.apps.token import Token


class Gate(Router):
    """Hands a request to the application, or to the door.

    Args:
        application: Voila's.
        names: host names under which the page is published, beside addresses and localhost.
        token: who may come in.
    """

    def __init__(self, application: Application, names: Iterable[str], token: Token) -> None:
        self._application, self._token = application, token
        self._names = {"localhost", *(name.lower() for name in names)}

    def find_handler(self, request: Any, **more: Any) -> HTTPMessageDelegate | None:
        """Where a request goes."""
        if not self._our_name(request.host) or not _from_here(request):
            return self._door(request, "refused")
        if self._token.asked:
            in_address = "token" in request.query_arguments  # it must not get further than this
            if in_address or not self._token.shown(request):
                return self._door(request, "token")
        return self._application.find_handler(request, **more)

    def _door(self, request: HTTPServerRequest, why: str) -> HTTPMessageDelegate:
        return self._application.get_handler_delegate(
            request, Door, {"why": why, "token": self._token}
        )

    def _our_name(self, host: str) -> bool:
        """An address, or one of our names: only a name of theirs could be rebound to us."""
        name = _name(host)
        try:
            return bool(ipaddress.ip_address(name))
        except ValueError:
            return name in self._names


def _name(host: str) -> str:
    name: str = split_host_and_port(host.lower())[0]
    return name.strip("[]").rstrip(".")


def _from_here(request: HTTPServerRequest) -> bool:
    """Whether a request comes from our own page, or from no page at all."""
    ours = request.host.lower()
    origins = request.headers.get_list("Origin")
    return all(origin.lower().partition("://")[2] == ours for origin in origins)

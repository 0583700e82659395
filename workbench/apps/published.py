"""The page as a server for strangers: Voila, with a gate before it and little behind.

``python -m workbench.apps.published app.ipynb`` serves it; ``serve.py`` starts that.
"""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError, RequestHandler, authenticated
from traitlets import Integer, List, Unicode
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler

from workbench.apps import limits
from workbench.apps.door import HEADERS, door_page
from workbench.apps.gate import Gate
from workbench.apps.token import Token, read_token
from workbench.apps.visits import Visits, note_kernels
from workbench.apps.wire import VisitorConnection
from workbench.figures.script import packed_module

KERNEL = r"(?P<kernel_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
TEMPLATES = r"/voila/templates/([\w-]+/static/[\w./-]+)"
GONE = ("/voila/query/", "/voila/files/", "/voila/api/shutdown/", "/login", "/logout")
CULL_MS = 1000
log = logging.getLogger("workbench")


def _missing(self: Any, status_code: int, **_: Any) -> None:
    """Instead of the error pages of Jupyter, which say what was looked for and where."""
    self.set_header("Content-Type", "text/html; charset=utf-8")
    self.finish(door_page("missing"))


def _quiet(handler: Any) -> Any:
    return type(handler.__name__, (handler,), {"write_error": _missing})


class Page(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, while there is a place."""

    write_error = _missing

    @authenticated
    async def get(self, path: str = "") -> None:
        """Show the page, or say that it is full."""
        visits: Visits = self.settings["visits"]
        if path:
            raise HTTPError(404)
        if visits.full:
            self.set_status(503)
            self.set_header("Retry-After", "30")
            await self.finish(door_page("full"))
            return
        for name in ("template", "theme"):  # another one would bypass the kernels kept ready
            self.request.arguments.pop(name, None)
        async with visits.enter():
            await super().get("")


class Kernel(KernelHandler):
    """What a page asks about its kernel; only GET."""

    SUPPORTED_METHODS = ("GET",)
    write_error = _missing


class Plotly(RequestHandler):
    """plotly.js, packed; a browser keeps it and asks only whether it still stands."""

    SUPPORTED_METHODS = ("GET", "HEAD")
    write_error = _missing

    def set_default_headers(self) -> None:
        """Those of the page, and how to keep it."""
        for name, value in {**HEADERS, "Cache-Control": "no-cache"}.items():
            self.set_header(name, value)

    def get(self) -> None:
        """Hand it out; every browser that runs it can unpack it."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Content-Encoding", "gzip")
        self.finish(packed_module())

    head = get


class Leave(KernelHandler):
    """A page that is being left ends its kernel; who knows the random id is that page."""

    SUPPORTED_METHODS = ("POST",)
    write_error = _missing

    def check_xsrf_cookie(self) -> None:
        """A beacon can send no header; the gate has seen the origin."""

    @authenticated
    async def post(self, kernel_id: str) -> None:
        """End the kernel."""
        manager: Any = self.kernel_manager
        if kernel_id not in manager:
            raise HTTPError(404)
        await manager.shutdown_kernel(kernel_id, now=True)
        self.set_status(204)
        await self.finish()


class Published(Voila):  # type: ignore[misc]
    """Voila for strangers."""

    token_file = Unicode("", config=True, help="file with the token; empty: everybody may come")
    places = Integer(limits.PLACES, config=True, help="visits at once")
    names = List(Unicode(), config=True, help="host names under which it is published")

    def init_settings(self) -> dict[str, Any]:
        """Voila's, with limits, headers, a log without addresses, and lines for widgets only."""
        self.kernel_websocket_connection_class = VisitorConnection
        settings: dict[str, Any] = super().init_settings()
        self.visits = Visits(self.places)
        note_kernels(self.kernel_manager)
        return settings | {
            "visits": self.visits,
            "headers": HEADERS,
            "log_function": _log,
            "websocket_max_message_size": limits.MESSAGE_BYTES,
        }

    def init_handlers(self) -> list[Any]:
        """Those of Voila that a page needs, with no word about files in their errors."""
        ours: list[Any] = [
            (rf"/api/kernels/{KERNEL}", Kernel),
            (rf"/voila/api/shutdown/{KERNEL}", Leave),
            (r"/plotly\.js", Plotly),
        ]
        for path, handler, *more in super().init_handlers():
            if path == "/(.*)":
                ours.append((path, Page, *more))
            elif path.startswith("/voila/templates/"):
                ours.append((TEMPLATES, _quiet(handler), *more))
            elif handler is not KernelHandler and not path.startswith(GONE):
                ours.append((path, _quiet(handler), *more))
        return ours

    def listen(self) -> None:
        """Serve behind the gate until a signal comes."""
        token = Token(read_token(Path(self.token_file)) if self.token_file else "", self.port)
        server = HTTPServer(
            Gate(self.app, self.names, token),
            max_header_size=limits.HEADER_BYTES,
            max_body_size=limits.BODY_BYTES,
            idle_connection_timeout=limits.SLOW_S,
            body_timeout=limits.SLOW_S,
        )
        server.listen(self.port, self.ip)
        self.ioloop = IOLoop.current()
        gc.freeze()  # what is there by now stays: a collection after a visit need not look at it
        PeriodicCallback(lambda: self.visits.cull(self.kernel_manager), CULL_MS).start()
        try:
            self.ioloop.start()
        finally:
            self.stop()


def _log(handler: RequestHandler) -> None:
    """Without query: a run's id in it is a key to that run."""
    request = handler.request
    if handler.get_status() >= 400:
        log.warning("%d %s %.200r", handler.get_status(), request.method, request.path)


if __name__ == "__main__":
    Published.launch_instance()

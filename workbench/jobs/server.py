"""The job server: one small service per ``WORKBENCH_HOME``, on loopback, with a token.

``python -m workbench.jobs.server`` serves until it has been idle for ``WORKBENCH_IDLE`` seconds
(60): nothing waiting or running, nobody following, no request.
"""

from __future__ import annotations

import asyncio
import fcntl
import hmac
import json
import os
import re
import secrets
import socket
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.jobs import limits, views
from workbench.jobs.clients import OWNER
from workbench.jobs.hub import Hub, masked, sees, unsigned
from workbench.jobs.request import check_request
from workbench.jobs.start import ADDRESS, DETACHED, LOCK, TOKEN
from workbench.jobs.wire import EventStream, read_request
from workbench.measure.family import end_family
from workbench.store import disk_error, note, replacing, write_json

CLIENT = re.compile(r"[\w.-]{1,64}", re.ASCII)
KEEP_ALIVE_S = 15.0


def create(hub: Hub) -> FastAPI:
    """The service over a home."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(worker.work(hub.wake)) for worker in hub.workers]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in hub.workers))

    app = FastAPI(title="Workbench jobs", lifespan=life, docs_url=None, openapi_url=None)
    app.state.hub = hub
    guarded = [Depends(_guard)]
    app.add_api_route("/health", _health, dependencies=guarded)
    app.add_api_route("/jobs", _submit, methods=["POST"], dependencies=guarded)
    app.add_api_route("/jobs", _jobs, dependencies=guarded)
    app.add_api_route("/jobs/{job_id}/cancel", _cancel, methods=["POST"], dependencies=guarded)
    app.add_api_route("/runs", _runs, dependencies=guarded)
    app.add_api_route("/limits", _limits, dependencies=guarded)
    app.add_api_route("/runs/{run_id}", _run, dependencies=guarded)
    app.add_api_route("/runs/{run_id}/{view}", _view, dependencies=guarded)
    app.add_api_route("/events", _events, dependencies=guarded)
    app.add_exception_handler(BadInput, _refused)
    app.add_exception_handler(_NotAllowed, _not_allowed)
    app.add_exception_handler(OSError, _not_written)
    app.add_exception_handler(Exception, _broken)
    return app


class _NotAllowed(Exception):
    pass


async def _guard(request: Request) -> None:
    """Only who can read the token file; no browser page (those send an Origin)."""
    hub: Hub = request.app.state.hub
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    right = hmac.compare_digest(given.encode(), hub.token.encode())
    if not right or "origin" in request.headers or host not in ("127.0.0.1", "localhost"):
        raise _NotAllowed
    _client(request)
    hub.touched = time.monotonic()


async def _refused(_: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, BadInput)
    return JSONResponse({"error": err.to_json()}, status_code=422)


async def _not_allowed(_: Request, __: Exception) -> JSONResponse:
    error = BadInput("request", "the token of this server", "ask through the client")
    return JSONResponse({"error": error.to_json()}, status_code=403)


async def _not_written(request: Request, err: Exception) -> JSONResponse:
    """The disk is full, or cannot be written."""
    told = disk_error(err, request.app.state.hub.home)
    if told is None:
        raise err
    return JSONResponse({"error": told.to_json()}, status_code=507)


async def _broken(_: Request, __: Exception) -> JSONResponse:
    """Our own mistake: its traceback goes to the log, never to who asked."""
    error = BadInput("request", "the server to carry it out", "see server.log and report it")
    return JSONResponse({"error": error.to_json()}, status_code=500)


async def _health(request: Request) -> dict[str, Any]:
    return {"schema": 1, "pid": os.getpid(), "workers": len(request.app.state.hub.workers)}


def _client(request: Request) -> str:
    client = request.headers.get("x-client", OWNER)
    if not CLIENT.fullmatch(client):
        raise BadInput("X-Client", "1 to 64 letters and digits", "ask through the client")
    return client


async def _submit(request: Request) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    client, posted = _client(request), await read_request(request)
    job = hub.book.known(posted.id, client)  # its answer was lost on the way
    if job is None:
        hub.book.queue.admit(client)  # before the work of checking, and again after it
        with hub.checking():
            checked = await asyncio.to_thread(check_request, posted.kind, posted.request, hub.home)
        job = hub.book.submit(posted.kind, client, checked, posted.id)
    hub.wake.set()
    for worker in hub.workers:
        worker.give_way()
    listed = next(j for j in hub.book.listed() if j.id == job.id)
    hub.publish({"type": "job", "job": listed.to_json()})
    return listed.to_json()


async def _jobs(request: Request) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    jobs = [masked(job, _client(request)).to_json() for job in hub.book.listed()]
    return {"schema": 1, "jobs": jobs}


async def _cancel(request: Request, job_id: str) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    job = hub.book.find(job_id)
    if _client(request) not in (OWNER, job.client):
        raise BadInput(f"job {job_id!r}", "a job of your own", "ask who started it")
    if hub.book.queue.remove(job_id):
        changed = hub.book.change(job_id, status="cancelled")
        hub.publish({"type": "job", "job": changed.to_json()})
    for worker in hub.workers:
        if worker.job is not None and worker.job.id == job_id:
            hub.book.stop(job_id)
            await worker.cancel()
    return hub.book.find(job_id).to_json()


async def _runs(request: Request) -> dict[str, Any]:
    hub: Hub = request.app.state.hub
    runs = await asyncio.to_thread(hub.store.listed)
    client = _client(request)
    return {"schema": 1, "runs": [run.to_json() for run in runs if sees(run, client)]}


async def _run(request: Request, run_id: str) -> dict[str, Any]:
    """One run, to whoever knows its id: nobody guesses one."""
    hub: Hub = request.app.state.hub
    return unsigned(hub.store.run(run_id), _client(request)).to_json()


async def _limits(request: Request) -> dict[str, Any]:
    hub, client = request.app.state.hub, _client(request)
    return await asyncio.to_thread(views.limits, hub.store, lambda run: sees(run, client))


async def _view(request: Request, run_id: str, view: str, against: str = "") -> dict[str, Any]:
    store, client = request.app.state.hub.store, _client(request)
    return await asyncio.to_thread(views.view, view, store, run_id, against, client)


async def _events(request: Request) -> EventStream:
    """Server-sent events from now on; an empty comment keeps the line open."""
    hub: Hub = request.app.state.hub
    if len(hub.followers) >= limits.FOLLOWERS:
        told = f"at most {limits.FOLLOWERS} followers"
        raise BadInput("one more follower", told, "close some pages")
    client = _client(request)
    queue: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()

    async def stream() -> AsyncIterator[str]:
        hub.followers[queue] = client
        try:
            yield ": following\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield f"data: {json.dumps(event)}\n\n"
        finally:
            hub.followers.pop(queue, None)

    return EventStream(stream(), media_type="text/event-stream")


def _token(folder: Path) -> str:
    path = folder / TOKEN
    token = secrets.token_urlsafe(32)
    with replacing(path) as temporary:
        handle = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(token + "\n")
    return token


async def _serve(folder: Path, ready: Callable[[], object]) -> None:
    import uvicorn

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    hub = Hub(folder, _token(folder))
    config = uvicorn.Config(
        create(hub),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=limits.CONNECTIONS,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    port = listening.getsockname()[1]
    write_json(folder / ADDRESS, {"schema": 1, "port": port, "pid": os.getpid()})
    ready()
    limit = float(os.environ.get("WORKBENCH_IDLE", "60"))
    while not serving.done():
        await asyncio.wait({serving}, timeout=1.0)
        if hub.idle_s > limit:
            server.should_exit = True
    (folder / ADDRESS).unlink(missing_ok=True)


def _serve_alone(folder: Path, ready: Callable[[], object] = lambda: None) -> int:
    """Serve, unless this home has a server already; 0, or what the disk said."""
    try:
        with open(folder / LOCK, "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            end_family(str(folder))  # what a killed server has left
            asyncio.run(_serve(folder, ready))
    except OSError as err:
        note(traceback.format_exc())
        return err.errno or 1
    return 0


def _detached(folder: Path) -> int:
    """Serve in a process that belongs to nobody; returns when it answers, or has given up."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        said = os.read(reading, 1)
        return said[0] if said else 1
    if os.fork():  # from the start it is no child of ours, who may be ended with our family
        os._exit(0)
    os.close(reading)
    code = _serve_alone(folder, lambda: os.write(writing, b"\0"))
    with suppress(OSError):  # whoever started us may have gone
        os.write(writing, bytes([code]))
    return code


def main() -> None:
    """Serve; with ``--detached`` apart from whoever started it."""
    sys.exit((_detached if DETACHED in sys.argv[1:] else _serve_alone)(home()))


if __name__ == "__main__":
    main()

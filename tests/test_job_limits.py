"""What the job server takes at most, and what it makes of requests that are none."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi.testclient import TestClient

from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.jobs import limits
from workbench.jobs.book import Book
from workbench.jobs.clients import OWNER
from workbench.jobs.hub import Hub
from workbench.jobs.queue import FairQueue
from workbench.jobs.request import check_request
from workbench.jobs.server import create
from workbench.recipes.grid import expand

TOKEN = "t" * 43
GOOD = {"Authorization": f"Bearer {TOKEN}"}
VISITORS = [f"{n:032x}" for n in range(40)]


@pytest.fixture
def server(home):
    with TestClient(create(Hub(home, TOKEN)), base_url="http://127.0.0.1:1") as client:
        yield client


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'{"kind": "run"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"kind": "run", "request": {"model": "\\ud800", "task": "shopdesk"}}',
        b'{"kind": "run", "request": {"model": "m", "task": "t", "timeout": NaN}}',
        b'{"kind": ["run"], "request": {}}',
        b'{"kind": "run", "request": {"model": "m", "task": "t", "timeout": 1'
        + b"0" * 400
        + b"}}",
        b'{"kind": "run", "request": {"model": {"a": 1}, "task": "t"}}',
        b'{"kind": "run", "request": {"model": "' + b"m" * 5000 + b'", "task": "t"}}',
        b'{"kind": "run", "request": {"model": "m\\u0000", "task": "shopdesk"}}',
    ],
)
def test_a_request_that_is_none_is_refused_in_one_sentence(server, body):
    answer = server.post("/jobs", content=body, headers=GOOD)

    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"value", "expected", "remedy"}
    assert len(answer.text) < 1000
    assert server.get("/jobs", headers=GOOD).json()["jobs"] == []


def test_a_long_body_is_refused_before_it_is_held(server):
    def endless():
        for _ in range(200):
            yield b" " * 65536

    answer = server.post("/jobs", content=endless(), headers=GOOD)

    assert answer.status_code == 422
    assert answer.json()["error"]["expected"] == "at most 256 KiB"


def test_no_page_and_nobody_without_the_token_is_answered(server):
    for headers in (
        {},
        {"Authorization": TOKEN[:-1]},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer ünicode".encode("latin-1")},
        {**GOOD, "Origin": "http://127.0.0.1:1"},
        {**GOOD, "Origin": "null"},
        {**GOOD, "Host": "evil.example"},
        {**GOOD, "Host": "127.0.0.1.evil.example"},
    ):
        for method, path in (("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/runs")):
            answer = server.request(method, path, headers=headers)
            assert answer.status_code == 403
            assert TOKEN not in answer.text
    assert server.get(f"/jobs?token={TOKEN}").status_code == 403
    assert server.get("/docs", headers=GOOD).status_code == 404
    assert server.get("/openapi.json", headers=GOOD).status_code == 404
    assert server.get("/jobs", headers={**GOOD, "X-Client": "../x"}).status_code == 422


def test_ten_thousand_wishes_leave_a_short_queue_with_room_for_the_owner(tmp_path):
    book = Book(tmp_path / "jobs")
    for n in range(10_000):
        try:
            book.submit("run", VISITORS[n % 40], {"n": n})
        except BadInput as refused:
            last = str(refused)
    owners = [book.submit("run", OWNER, {}) for _ in range(limits.PER_CLIENT)]

    waiting = book.queue.waiting()
    assert "at most 150 waiting" in last
    assert len(waiting) == limits.WAITING_VISITORS + limits.PER_CLIENT == limits.WAITING
    assert len(list((tmp_path / "jobs").glob("*.json"))) == limits.WAITING
    assert next(job.ahead for job in waiting if job.id == owners[0].id) <= len(VISITORS)
    with pytest.raises(BadInput, match="at most 50 jobs waiting per client"):
        book.submit("run", OWNER, {})


def test_one_visitor_cannot_fill_the_queue():
    queue = FairQueue()
    for n in range(limits.PER_VISITOR):
        queue.admit(VISITORS[0])
        queue.add(Job(str(n), "run", VISITORS[0], {}))
    with pytest.raises(BadInput, match="at most 20 jobs waiting per client"):
        queue.admit(VISITORS[0])
    queue.admit(VISITORS[1])


def test_jobs_on_disk_beyond_the_limit_still_wait_after_a_restart(tmp_path):
    for n in range(limits.WAITING + 30):
        job = Job(f"{n:032x}", "run", OWNER, {}, created=float(n))
        (tmp_path / f"{job.id}.json").write_text(json.dumps(job.to_json()))

    assert len(Book(tmp_path).queue.waiting()) == limits.WAITING + 30


def test_a_grid_of_a_billion_recipes_is_refused_at_once():
    many = list(range(1, 1001))
    for grid in (
        {"techniques": [{"name": "x", "a": many, "b": many, "c": many}]},
        {"techniques": [[{"name": "x", "a": []}]] * 2000, "runtime": [{"name": "torch"}] * 2000},
    ):
        with pytest.raises(BadInput, match="at most 1000 recipes"):
            expand(grid)


def test_numbers_beyond_any_number_are_refused(home):
    for value in (10**400, -(10**400), 1e308, float("nan"), float("inf"), True):
        recipe = {"techniques": [{"name": "magnitude_pruning", "amount": value}]}
        with pytest.raises(BadInput):
            check_request("sweep", {"model": "m", "task": "t", "grid": recipe}, home)


def test_too_many_followers_are_refused_and_others_still_answered(home):
    from fakes import stop_server

    from workbench.jobs.start import ensure

    where = ensure(home)
    try:
        port = int(where.url.rpartition(":")[2])
        head = "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        ask = f"{head}Authorization: Bearer {where.token}\r\n\r\n"

        def follow(_):
            line = socket.create_connection(("127.0.0.1", port), timeout=60)
            line.sendall(ask.encode())
            return line, line.recv(64)

        with ThreadPoolExecutor(16) as pool:
            lines = list(pool.map(follow, range(limits.FOLLOWERS + 20)))
        refused = [told for _, told in lines if b" 422 " in told]
        alive = httpx.get(f"{where.url}/jobs", headers={"Authorization": f"Bearer {where.token}"})

        assert len(refused) >= 4, "those that came at once with the last may slip in"
        assert alive.status_code == 200
        assert b"422" not in lines[0][1]
        for line, _ in lines:
            line.close()
    finally:
        stop_server(home)

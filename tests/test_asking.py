"""How work is asked for: once, whatever happens on the way, and refused in one sentence."""

from __future__ import annotations

import json
import time
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from workbench.cli import main
from workbench.core.errors import BadInput
from workbench.jobs import client as clients
from workbench.jobs import server as servers
from workbench.jobs.book import Book
from workbench.jobs.client import HttpClient
from workbench.jobs.hub import Hub
from workbench.jobs.server import create
from workbench.jobs.start import Address

TOKEN = "t" * 43
GOOD = {"Authorization": f"Bearer {TOKEN}"}
ONE, OTHER = "a" * 32, "b" * 32
CEILING = {"kind": "ceiling", "request": {}}


def serving(home):
    """A server without workers: what is asked for waits."""
    return TestClient(create(Hub(home, TOKEN)), base_url="http://127.0.0.1:1")


def post(server, job_id, client=ONE, **more):
    body = {**CEILING, "id": job_id, **more}
    return server.post("/jobs", json=body, headers={**GOOD, "X-Client": client})


class Line:
    """What an ``HttpClient`` sends, and a server that answers as it is told."""

    def __init__(self, monkeypatch, home, *answers):
        self.sent, self.answers = [], list(answers)
        monkeypatch.setattr(clients, "ensure", lambda _: Address("http://127.0.0.1:1", TOKEN, 1))
        self.client = HttpClient(home)
        self.client._http = httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request):
        self.sent.append((json.loads(request.content or b"{}"), request.extensions["timeout"]))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        job = {"id": self.sent[-1][0].get("id", "x"), "kind": "ceiling", "client": "owner"}
        return httpx.Response(200, json={**job, "request": {}})


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("late"), httpx.ReadError("gone")])
def test_a_wish_whose_answer_is_lost_is_sent_again_as_the_same_wish(monkeypatch, home, lost):
    line = Line(monkeypatch, home, lost, "job")

    job = line.client.submit("ceiling", {})
    (first, patience), (second, _) = line.sent

    assert first == second
    assert job.id == first["id"]
    assert patience["read"] >= 3600, "checking a large file takes as long as it takes"
    line.answers.append("job")
    assert line.client.submit("ceiling", {}).id != job.id


def test_the_same_wish_sent_twice_is_one_job(home):
    server, name = serving(home), uuid4().hex

    first, again = (post(server, name).json() for _ in range(2))

    assert first["id"] == again["id"] == name
    assert [job["id"] for job in server.get("/jobs", headers=GOOD).json()["jobs"]] == [name]


def test_a_server_killed_before_it_could_reply_knows_the_wish_after_its_restart(home):
    name = uuid4().hex
    post(serving(home), name)

    again = post(serving(home), name).json()

    assert again["id"] == name
    assert again["status"] == "queued"
    assert len(list((home / "jobs").glob("*.json"))) == 1


def test_a_wish_that_comes_again_while_it_is_checked_is_one_job(home, monkeypatch):
    server, name = serving(home), uuid4().hex

    def slow(kind, asked, *_):
        if not Book(home / "jobs").jobs:
            server.app.state.hub.book.submit(kind, ONE, asked, name)  # the other was faster
        return asked

    monkeypatch.setattr(servers, "check_request", slow)
    assert post(server, name).json()["id"] == name
    assert len(server.app.state.hub.book.queue.waiting()) == 1


@pytest.mark.parametrize("client", [OTHER, "owner"])
def test_nobody_gets_another_clients_job_by_its_id(home, client):
    server, name = serving(home), uuid4().hex
    post(server, name)

    refused = post(server, name, client)

    assert refused.status_code == 422
    assert "own" in refused.json()["error"]["expected"]
    assert ONE not in refused.text
    assert len(server.app.state.hub.book.jobs) == 1


@pytest.mark.parametrize("name", ["", "x", "../" * 10 + "aa", "A" * 32, 7, None, ["a"]])
def test_an_id_that_is_none_is_refused(home, name):
    server = serving(home)
    refused = post(server, name)

    assert refused.status_code == 422
    assert not list((home / "jobs").iterdir())


def test_the_ids_of_runs_follow_from_nothing_that_a_client_sends(home):
    books = [Book(home / name) for name in ("one", "two")]
    for book in books:
        book.submit("ceiling", ONE, {}, ONE)

    assert books[0].secret(ONE) != books[1].secret(ONE)


def test_a_server_is_not_idle_while_it_checks_a_wish(home):
    hub = Hub(home, TOKEN)
    hub.touched = time.monotonic() - 500
    assert hub.idle_s > 400

    with hub.checking():
        assert hub.idle_s < 5
    assert hub.idle_s < 5


def answered(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    told = capsys.readouterr()
    assert told.err.strip().count("\n") == 0, told.err
    return ended.value.code, told.err


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout("late"), httpx.ConnectError("no"), httpx.RemoteProtocolError("x")]
)
def test_a_server_that_does_not_answer_is_one_sentence(capsys, monkeypatch, lost):
    def never(*_, **__):
        raise lost

    monkeypatch.setattr(HttpClient, "_ask", never)
    code, told = answered(capsys, "jobs")

    assert code == 2
    assert "the job server" in told
    assert type(lost).__name__ in told


def test_an_answer_that_is_no_json_is_one_sentence(capsys, monkeypatch, home):
    line = Line(monkeypatch, home)
    line.answer = lambda _: httpx.Response(503, text="Service Unavailable")
    line.client._http = httpx.Client(transport=httpx.MockTransport(line.answer))

    with pytest.raises(httpx.HTTPError):
        line.client.jobs()


@pytest.fixture
def through_the_door(home, monkeypatch):
    """The command's client speaks to a server in this process."""
    server = serving(home)
    monkeypatch.setattr(clients, "ensure", lambda _: Address("http://127.0.0.1:1", TOKEN, 1))
    begin = HttpClient.__init__

    def passed_on(request):
        path = request.url.raw_path.decode()
        headers = {name: request.headers[name] for name in ("authorization", "x-client")}
        made = server.request(request.method, path, content=request.content, headers=headers)
        return httpx.Response(made.status_code, content=made.content)

    def begun(self, *given):
        begin(self, *given)
        self._http = httpx.Client(transport=httpx.MockTransport(passed_on))

    monkeypatch.setattr(HttpClient, "__init__", begun)
    return server


@pytest.mark.parametrize(
    "arguments",
    [
        ("--recipe", '{"runtime": {"name": "torch", "threads": NaN}}'),
        ("--recipe", '{"runtime": {"name": "torch", "threads": 1e999}}'),
        ("--recipe", '{"runtime": {"name": "\\ud800"}}'),
        ("--recipe", '{"\\udcff": 1}'),
        ("--recipe", '{"techniques": [{"name": "bf16", "x": -Infinity}]}'),
        ("--recipe", "[" * 900 + "]" * 900),
        ("--recipe", "{}", "--model", "/models/\udcff"),
        ("--recipe", "{}", "--task", "sho\udcffp"),
    ],
)
def test_json_that_is_odd_is_refused_in_one_sentence(capsys, through_the_door, arguments):
    usual = ("--model", "m", "--task", "shopdesk")
    code, told = answered(capsys, "run", *usual, *arguments)

    assert code == 2
    assert ": expected " in told


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", '"\\ud800"'])
def test_a_recipe_that_json_cannot_hold_is_named_with_what_is_wrong(
    capsys, through_the_door, number
):
    recipe = f'{{"runtime": {{"name": "torch", "threads": {number}}}}}'
    code, told = answered(capsys, "run", "--model", "m", "--task", "shopdesk", "--recipe", recipe)

    assert code == 2
    assert told.startswith("recipe (")
    assert "valid JSON; mend it" in told


@pytest.mark.parametrize("name", ["/models/\udcff", "../x", "a b", ""])
def test_cancelling_what_is_no_id_is_refused_in_one_sentence(capsys, through_the_door, name):
    code, told = answered(capsys, "jobs", "--cancel", name)

    assert code == 2
    assert "the id of a job" in told


def test_a_client_refuses_to_ask_for_what_json_cannot_hold(home, through_the_door):
    with pytest.raises(BadInput, match="JSON"):
        HttpClient(home).submit("run", {"model": "m", "task": "t", "recipe": {1, 2}})

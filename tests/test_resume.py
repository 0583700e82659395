"""What the book knows after a restart, and what a page shows of work that broke off."""

from __future__ import annotations

import gc
import json
import time
from dataclasses import replace

import pytest
from test_store import RUN

from workbench.jobs.book import MOST_STARTS, Book
from workbench.jobs.client import HttpClient
from workbench.state.session import Session


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "jobs"


def ask(book, client="owner"):
    return book.submit("sweep", client, {"model": "m"})


def test_what_waited_or_ran_waits_again_in_the_order_of_asking_whatever_the_clock_says(
    folder, monkeypatch
):
    book = Book(folder)
    clock = iter((4e9, 3.0, 2.0))
    monkeypatch.setattr(time, "time", lambda: next(clock))
    first, second, third = (ask(book) for _ in range(3))
    assert book.take().id == first.id
    book.change(third.id, stage="launch", done=1, total=3)

    again = Book(folder)

    assert [job.id for job in again.listed()] == [first.id, second.id, third.id]
    assert {(job.status, job.stage, job.total) for job in again.listed()} == {("queued", "", 0)}
    assert again.take().id == first.id
    assert again.secret(first.id) == book.secret(first.id)


def test_a_job_that_takes_every_server_with_it_is_given_up_in_words(folder):
    ask(Book(folder))
    for _ in range(MOST_STARTS):
        assert Book(folder).take() is not None

    book = Book(folder)

    (job,) = book.listed()
    assert book.take() is None
    assert job.status == "failed"
    assert f"ended {MOST_STARTS} times" in job.error["value"]


def test_a_job_of_which_something_came_may_be_begun_again_as_often_as_it_takes(folder):
    job = ask(Book(folder))
    for _ in range(2 * MOST_STARTS):
        book = Book(folder)
        assert book.take().id == job.id
        book.progress(job.id)


def test_a_job_that_was_to_stop_does_not_come_back_to_life(folder):
    book = Book(folder)
    job = ask(book)
    book.take()
    book.stop(job.id)

    assert [(j.id, j.status) for j in Book(folder).listed()] == [(job.id, "cancelled")]


def test_a_full_queue_survives_a_restart(folder):
    book = Book(folder)
    for _ in range(51):
        ask(book)
        if len(book.queue.waiting()) == 1 and len(book.jobs) == 1:
            book.take()

    assert len(Book(folder).queue.waiting()) == 51


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', '{"id": 1, "book": 3}'])
def test_a_file_that_is_no_job_is_left_alone(folder, text):
    job = ask(Book(folder))
    (folder / "other.json").write_text(text)

    assert [j.id for j in Book(folder).listed()] == [job.id]
    assert (folder / "other.json").read_text() == text


def test_a_job_of_an_earlier_version_is_taken_on(folder):
    job = ask(Book(folder))
    path = folder / f"{job.id}.json"
    data = json.loads(path.read_text())
    del data["book"]
    path.write_text(json.dumps(data))

    assert Book(folder).take().id == job.id


class Nobody:
    id = "owner"

    def jobs(self):
        return ()

    def runs(self):
        return ()


@pytest.mark.parametrize("status", ["done", "failed", "cancelled", "queued"])
def test_a_page_forgets_provisional_runs_when_their_job_ends_or_waits_again(tmp_path, status):
    page, job = Session(Nobody(), tmp_path), Book(tmp_path / "jobs").submit("sweep", "owner", {})
    mine, other = (replace(RUN, id=i, status="running") for i in "mo")
    page.handle({"type": "run", "job": job.id, "run": mine.to_json()})
    page.handle({"type": "run", "job": "another", "run": other.to_json()})

    page.handle({"type": "job", "job": replace(job, status=status).to_json()})

    assert [run.id for run in page.runs] == ["o"]


def test_a_forgotten_client_closes_its_connections(tmp_path):
    client = HttpClient(tmp_path)
    connections = client._http

    del client
    gc.collect()

    assert connections.is_closed

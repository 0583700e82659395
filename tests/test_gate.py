"""Who may come in to a published page, and what a stranger may see; the token."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from workbench.apps.gate import Gate
from workbench.apps.serve import is_loopback
from workbench.apps.token import Token, read_token
from workbench.core.errors import BadInput
from workbench.core.records import Job, Run
from workbench.state.public import is_file, public_job, public_run, without_paths

SECRET = "correct-horse-battery-staple"


class Behind(RequestHandler):
    """Says what reached it."""

    def get(self) -> None:
        self.write(f"inside {self.request.uri}")

    post = get


def ask(*requests, token=SECRET, names=()):
    """Send requests to a gate with something behind it; cookies are kept from one to the next."""
    answers, log = [], []

    async def run():
        listening, port = bind_unused_port()
        application = Application(
            [("/.*", Behind)], log_function=lambda handler: log.append(handler.request.uri)
        )
        server = HTTPServer(Gate(application, names, Token(token, port)))
        server.add_socket(listening)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            for method, path, more in requests:
                answers.append(await http.request(method, path, **more))
        server.stop()

    asyncio.run(run())
    return answers


def test_without_the_token_nothing_is_shown_and_with_it_everything():
    before, wrong, asked, after = ask(
        ("GET", "/?run=1", {}),
        ("POST", "/?run=1", {"data": {"token": "wrong"}}),
        ("POST", "/?run=1&lang=zh", {"data": {"token": SECRET}}),
        ("GET", "/?run=1", {}),
    )

    assert [x.status_code for x in (before, wrong, asked, after)] == [401, 403, 303, 200]
    assert "inside" not in before.text + wrong.text + asked.text
    assert asked.headers["location"] == "/?run=1&lang=zh"
    assert {"httponly", "samesite=lax"} <= set(
        asked.headers["set-cookie"].lower().replace(" ", "").split(";")
    )
    assert SECRET not in str(asked.headers) + before.text
    assert after.text == "inside /?run=1"


def test_a_token_in_an_address_is_taken_out_of_it_before_anything_reads_it():
    asked, again, wrong, header, other = ask(
        ("GET", f"/?lang=zh&token={SECRET}", {}),
        ("GET", f"/?token={SECRET}", {}),
        ("GET", "/?token=wrong", {}),
        ("GET", "/", {"headers": {"Authorization": f"Bearer {SECRET}", "Cookie": ""}}),
        ("GET", "/", {"headers": {"Cookie": "workbench=x"}}),
    )

    assert asked.status_code == again.status_code == 303
    assert asked.headers["location"] == "/?lang=zh"
    assert wrong.status_code == 403
    assert header.text == "inside /"
    assert other.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Host": "10.1.2.3:8866"}, 200),
        ({"Host": "Bench.Example:443"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "bench.example", "Origin": "https://bench.example"}, 200),
        ({"Host": "bench.example", "Origin": "https://evil.example"}, 403),
        ({"Host": "bench.example", "Origin": "null"}, 403),
        ({"Host": "bench.example", "Origin": "https://bench.example.evil"}, 403),
    ],
)
def test_only_our_own_names_and_pages_are_answered(headers, status):
    got, posted = ask(
        ("GET", "/", {"headers": headers}),
        ("POST", "/", {"headers": headers}),
        token="",
        names=("bench.example",),
    )
    assert (got.status_code, posted.status_code) == (status, status)


def test_a_token_file_is_for_its_owner_only(tmp_path):
    file = tmp_path / "token"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    assert read_token(file) == SECRET

    for mode, words in ((0o644, SECRET), (0o640, SECRET), (0o600, "short"), (0o600, "a b" * 9)):
        file.write_text(words)
        file.chmod(mode)
        with pytest.raises(BadInput) as refused:
            read_token(file)
        assert words not in str(refused.value)
    with pytest.raises(BadInput):
        read_token(tmp_path / "absent")


def test_the_command_refuses_an_open_token_file_and_warns_of_open_addresses(tmp_path):
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(0o644)
    command = [sys.executable, "-m", "workbench", "app", "--no-browser", "--host", "0.0.0.0"]

    ended = subprocess.run(
        [*command, "--token-file", str(file)], capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 2
    assert "chmod 600" in ended.stderr
    assert "Warning: 0.0.0.0 can be reached from other machines" in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
    assert [
        is_loopback(x) for x in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1", "x")
    ] == [
        *(True, True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/home/eva/data/x.csv: expected", "…x.csv: expected"),
        ("csv:/a/b.csv,/c/d/e.tsv?label=1", "csv:…b.csv,…e.tsv?label=1"),
        ("see '/srv/wb/server.log'.", "see '…server.log'."),
        (r"C:\Users\eva\x.csv is missing", "…x.csv is missing"),
        ("~/models/m and ../up/there and ./here/m", "…m and …there and …m"),
        ("hf:owner/name and 3/4 and and/or stay", "hf:owner/name and 3/4 and and/or stay"),
        ("https://example.org/a/b stays", "https://example.org/a/b stays"),
    ],
)
def test_paths_are_cut_down_to_their_last_part(told, shown):
    assert without_paths(told) == shown


@pytest.mark.parametrize(
    "name", ["my secret project", "a, b", "x (old)", "it's", "[1]+", "秘密 文件"]
)
def test_folders_of_ours_are_cut_whatever_their_names_are(name, tmp_path, monkeypatch):
    inside = tmp_path / name / "wb"
    monkeypatch.setenv("WORKBENCH_HOME", str(inside))
    monkeypatch.setenv("HOME", str(tmp_path / f"{name} home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / f"{name} tmp"))
    (tmp_path / f"{name} cwd").mkdir()
    monkeypatch.chdir(tmp_path / f"{name} cwd")
    for told, shown in (
        (f"{inside} (disk full): expected", "… (disk full): expected"),
        (f"see {inside}/server.log.", "see …server.log."),
        (f"{inside}/models/m/x.bin is torn", "…x.bin is torn"),
        (f"csv:{inside}/a.csv,{inside}/b.csv", "csv:…a.csv,…b.csv"),
        (f"'{tmp_path / name}' or {tmp_path / name}/other/x", "'…' or …x"),
        (f"{tmp_path / f'{name} home'}/x.csv", "…x.csv"),
        (f"{tmp_path / f'{name} tmp'}/x.csv", "…x.csv"),
        (f"{tmp_path / f'{name} cwd'}/x.csv", "…x.csv"),
        (f"no {inside}.", "no …."),
    ):
        assert without_paths(told) == shown


def test_a_home_at_the_root_takes_nothing_else_away(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    monkeypatch.chdir("/")
    assert without_paths("and/or 3/4 hf:owner/name") == "and/or 3/4 hf:owner/name"
    monkeypatch.setenv("HOME", "/root")
    assert without_paths("hf:a/root of https://x.y/root/z") == "hf:a/root of https://x.y/root/z"


def test_a_stranger_sees_no_file_of_a_job_or_run():
    error = {"value": "/home/eva/x.bin", "expected": "a file", "remedy": "see /srv/wb/server.log"}
    run = Run("r", "k", "failed", "m", "shopdesk", "validation", {}, {}, error=error, client="9")
    job = Job("j", "run", "owner", {"model": "m", "task": "shopdesk"}, error=error)
    secret = Job("j", "run", "owner", {"model": "/home/eva/m", "task": "shopdesk"}, error=error)

    shown = (public_run(run), public_job(job), public_job(secret))

    assert all("eva" not in str(x) and "srv" not in str(x) for x in shown)
    assert shown[0].client == ""
    assert shown[2].request == {}
    assert public_run(Run("r", "k", "done", "m", "csv:/x,/y", "test", {}, {})) is None
    assert [
        is_file(x) for x in ("all-MiniLM-L6-v2", "hf:a/b", "shopdesk", "csv:a", "a/b", "~m")
    ] == [
        *(False, False, False),
        *(True, True, True),
    ]

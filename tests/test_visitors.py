"""A published page attacked by strangers: raw HTTP and raw websockets against the real server."""

from __future__ import annotations

import json
import math
import time

import httpx
import pytest
import websocket
from crash import PATIENCE_S, until
from visiting import V1, Published, Stranger, kept_runs, packed, widget

pytestmark = pytest.mark.slow
PLACES = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("visitors")
    secret = home / "private" / "customers.csv"
    secret.parent.mkdir()
    secret.write_text("text,label\nhello,a\nbye,b\n")
    kept_runs(home, secret)
    page = Published(home, "--public", "--places", str(PLACES))
    yield page, secret
    page.stop()


@pytest.fixture
def page(place):
    return place[0]


@pytest.fixture(scope="module")
def stranger(place):
    """One who sends messages in many tests: none of them may harm the visit."""
    opened = arrive(place[0])
    yield opened
    opened.end()


def arrive(page, protocol=V1):
    """A visit, once there is a place."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        found = Stranger(page.url, protocol)
        if found.kernel:
            return found
        assert found.status == 503
        time.sleep(0.2)
    raise AssertionError("no place became free")


@pytest.mark.parametrize("protocol", [V1, ""])
def test_no_message_of_a_page_runs_code_or_asks_about_it(page, protocol, request, tmp_path):
    shared = protocol == V1
    stranger = request.getfixturevalue("stranger") if shared else arrive(page, protocol)
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w').write('x')"
    attacks = {
        "execute_request": {"code": code, "silent": False, "allow_stdin": False},
        "inspect_request": {"code": "workbench", "cursor_pos": 3, "detail_level": 1},
        "complete_request": {"code": "import o", "cursor_pos": 8},
        "history_request": {"hist_access_type": "tail", "n": 9, "output": True, "raw": True},
        "is_complete_request": {"code": "1+1"},
        "debug_request": {"command": "evaluate", "arguments": {"expression": code}},
        "interrupt_request": {},
        "shutdown_request": {"restart": False},
        "input_reply": {"value": code},
        "create_subshell_request": {},
        "apply_request": {"code": code},
    }
    for channel in ("shell", "control", "stdin", "iopub"):
        for kind, content in attacks.items():
            stranger.send(kind, content, channel)
    stranger.pause()
    stranger.pause()

    kinds = {kind for kind, _ in stranger.heard}
    assert kinds <= {"status", "kernel_info_reply", "comm_msg", "comm_open", "comm_close"}
    assert not mark.exists()
    assert httpx.get(f"{page.url}/api/kernels/{stranger.kernel}").status_code == 200
    if not shared:
        stranger.end()


def test_a_page_opens_no_widget_and_no_target_of_its_own(stranger):
    before = stranger.states()
    for target in ("jupyter.widget", "anywidget", "evil", "matplotlib"):
        state = {"_model_module": "@jupyter-widgets/controls", "_model_name": "TextModel"}
        data = {"state": state | {"_model_module_version": "2.0.0"}, "buffer_paths": []}
        stranger.send("comm_open", {"comm_id": "evil", "target_name": target, "data": data})
    stranger.pause()

    assert set(stranger.states()) == set(before)


def test_messages_that_are_none_end_the_line_and_nothing_else(page, stranger):
    bombs = [
        (1 << 62).to_bytes(8, "little") + b"x" * 64,
        b"",
        packed("shell", [b"[" * 100_000, b"{}", b"{}", b"{}"]),
        packed("shell", [b'{"msg_type": "comm_msg"}', b"{}", b"{}", b"null"]),
        b"x" * (300 * 1024),
    ]
    for bomb in bombs:
        line = websocket.create_connection(
            f"ws{page.url[4:]}/api/kernels/{stranger.kernel}/channels?session_id=b",
            subprotocols=[V1],
            timeout=60,
        )
        line.send_binary(bomb)
        assert ended(line)
    stranger.pause()


def ended(line):
    """Whether the server closes a line within a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if line.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE:
                return True
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return True
    return False


def test_a_page_sets_values_within_their_domain_and_no_other_trait(stranger):
    states = stranger.states()
    pruning = widget(states, _model_name="FloatSliderModel", description="Pruning")
    choice = widget(states, _model_name="DropdownModel", description="Runtime")
    markup = next(key for key, state in states.items() if "html" in state)
    plot = next(key for key, state in states.items() if "figure" in state)

    for evil in (1e9, -1e9, math.nan, math.inf, "1", [1], {"a": 1}, None, 10**400):
        stranger.update(pruning, value=evil, max=1e9, min=-1e9, step=0)
        stranger.update(choice, index=evil, _options_labels=["a", "b"])
    stranger.update(markup, html="<script>", _esm="import 'x'", layout="IPY_MODEL_x")
    stranger.update(
        plot, figure={"data": ["forged-7"]}, swap={}, _view_module="forged-7", tabbable=True
    )
    stranger.custom(markup, {"act": ["x"], "value": {"a": 1}})
    stranger.send("comm_msg", {"comm_id": pruning, "data": {"method": "update", "state": [1]}})
    after = stranger.states()
    stranger.update(pruning, value=0.25)
    moved = stranger.states()

    assert {k: after[pruning][k] for k in ("min", "max", "step")} == {
        k: states[pruning][k] for k in ("min", "max", "step")
    }
    assert after[pruning]["min"] <= after[pruning]["value"] <= after[pruning]["max"]
    assert after[choice]["_options_labels"] == states[choice]["_options_labels"]
    assert after[choice]["index"] in range(len(states[choice]["_options_labels"]))
    assert after[markup]["html"] == states[markup]["html"]
    assert after[markup]["_esm"] == states[markup]["_esm"]
    assert after[plot]["_view_module"] == states[plot]["_view_module"]
    assert "forged-7" not in json.dumps(after)
    assert moved[pruning]["value"] == pytest.approx(0.25, abs=0.1)


def test_a_page_names_no_file_and_opens_none(place, stranger):
    page, secret = place
    states = stranger.states()
    assert not [s for s in states.values() if s["_model_name"] == "TextModel"]

    address = widget(states, owns_page=True)
    for asked in (str(secret), "/etc/passwd", "..", "~", "hf:owner/name", "all-MiniLM-L6-v2/.."):
        for search in (f"?model={asked}", f"?task={asked}", f"?task=csv:{asked},{asked}"):
            stranger.custom(address, {"search": search, "client": "1" * 32})
    after = stranger.states()

    told = json.dumps(after)
    assert "ask whoever runs this page" in told
    assert after[address]["query"]["model"] == after[address]["query"]["task"] == ""
    told += stranger.page
    for hidden in (str(page.home), str(secret), "site-packages", "Traceback", "workbench.app("):
        assert hidden not in told


def test_two_visitors_share_neither_kernel_nor_runs(page, stranger):
    other = arrive(page)
    address = widget(stranger.states(), owns_page=True)
    for who, client in ((stranger, "1" * 32), (other, "9" * 32)):
        who.custom(widget(who.states(), owns_page=True), {"search": "", "client": client})
    mine, theirs = json.dumps(stranger.states()), json.dumps(other.states())

    assert other.kernel != stranger.kernel
    assert other.kernel not in stranger.page
    assert "c" * 32 not in mine
    assert "c" * 32 in theirs
    assert "b" * 32 not in mine + theirs, "a run of the owner's files"
    assert "d" * 32 in mine
    stranger.custom(address, {"search": "?run=" + "c" * 32, "client": "1" * 32})
    linked = json.dumps(stranger.states())
    assert "c" * 32 in linked, "by a link that holds its id"
    assert "9" * 32 not in linked
    other.end()


def test_what_lies_behind_the_page_is_out_of_reach(page):
    http = httpx.Client(timeout=60)
    for path in (
        *("/api", "/api/kernels", "/api/contents", "/api/contents/app.ipynb", "/api/terminals"),
        *("/api/sessions", "/api/kernelspecs", "/api/status", "/api/config/x", "/api/me", "/lab"),
        *("/terminals/1", "/nbconvert/html/app.ipynb", "/files/app.ipynb", "/view/app.ipynb"),
        *("/voila/files/app.ipynb", "/voila/render/app.ipynb", "/voila/tree", "/login", "/logout"),
        *("/voila/static/..%2f..%2fapp.py", "/voila/templates/workbench/..%2f..%2f..%2fapp.ipynb"),
        *("/voila/api/contents/", "/app.ipynb", "/metrics", "/voila/labextensions/..%2f..%2fx"),
        "/api/kernels/00000000-0000-4000-8000-000000000000",
    ):
        for method in ("GET", "POST", "DELETE"):
            answer = http.request(method, page.url + path)
            assert answer.status_code in (403, 404, 405), (method, path, answer.status_code)
            assert "Traceback" not in answer.text
            assert ".py" not in answer.text
            assert "/" + page.home.parts[1] not in answer.text


def test_other_sites_and_other_names_are_turned_away(page, stranger):
    url, channel = page.url + "/", f"/api/kernels/{stranger.kernel}/channels"
    port = page.host.rpartition(":")[2]
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{port}"},
    ):
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 403, headers
        assert "another site" in answer.text
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(
                f"ws{page.url[4:]}{channel}",
                origin=headers.get("Origin"),
                suppress_origin="Origin" not in headers,
                host=headers.get("Host"),
            )
    assert (
        httpx.get(page.url + "/nothing", headers={"Host": f"localhost:{port}"}).status_code == 404
    )


def test_too_many_visitors_wait_and_a_kernel_ends_with_its_page(page, stranger):
    visits = [*(arrive(page) for _ in range(PLACES - 1)), stranger]
    refused = httpx.get(page.url + "/")
    assert refused.status_code == 503
    assert "try again" in refused.text
    assert len(page.kernels()) <= PLACES + 2

    left = httpx.post(f"{page.url}/voila/api/shutdown/{visits[0].kernel}", content=b"")
    for visit in visits:
        visit.leave()
    again = arrive(page)

    assert left.status_code == 204
    assert again.kernel not in {visit.kernel for visit in visits}
    again.leave()
    until(lambda: len(page.kernels()) <= 2, PATIENCE_S)  # only those kept ready are left

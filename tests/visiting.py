"""A published page and strangers who speak to it without a browser."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import websocket

from workbench.core.records import Run
from workbench.models.catalogue import BUILT_IN
from workbench.store import Store

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
V1 = "v1.kernel.websocket.jupyter.org"
PARTS = ("header", "parent_header", "metadata", "content")


class Published:
    """``workbench app`` as its owner starts it."""

    def __init__(self, home: Path, *options: str):
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workbench", "app", "--port", "0", "--no-browser", *options],
            stdout=subprocess.PIPE,
            stderr=(home / "stderr").open("w"),
            text=True,
            env={**os.environ, "WORKBENCH_HOME": str(home), "WORKBENCH_FAST": "1"},
        )
        line = self.process.stdout.readline()
        self.url = re.search(r"http\S+/", line).group().rstrip("/")
        self.host = self.url.removeprefix("http://")

    def kernels(self) -> list[psutil.Process]:
        """Kernels that live."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return [p for p in family if "ipykernel" in " ".join(_cmdline(p))]

    def stop(self) -> None:
        """SIGTERM, and the job server too."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        written = self.home / "server.json"
        if written.exists():
            psutil.Process(json.loads(written.read_text())["pid"]).terminate()


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


class Stranger:
    """A visit over plain HTTP and a raw websocket.

    Args:
        url: of the page.
        protocol: of the websocket; empty is the older one, plain JSON.
    """

    def __init__(self, url: str, protocol: str = V1):
        answer = httpx.get(url + "/", timeout=240)
        self.status, self.page = answer.status_code, answer.text
        found = UUID.search(self.page)
        self.kernel = found.group() if found else ""
        self.url, self.protocol, self.heard = url, protocol, []
        self.session = uuid4().hex
        if self.kernel:
            self.line = websocket.create_connection(
                f"ws{url[4:]}/api/kernels/{self.kernel}/channels?session_id={self.session}",
                subprotocols=[protocol] if protocol else None,
                origin=url,
                timeout=240,
            )

    def send(self, kind: str, content: dict, channel: str = "shell", metadata=()) -> str:
        """Send one message of any type; returns its id."""
        name = uuid4().hex
        header = {"msg_id": name, "msg_type": kind, "session": self.session, "username": ""}
        header |= {"version": "5.3", "date": "2026-01-01T00:00:00Z"}
        parts = [header, {}, dict(metadata), content]
        if self.protocol:
            self.line.send_binary(packed(channel, [json.dumps(part).encode() for part in parts]))
        else:
            message = dict(zip(PARTS, parts, strict=True))
            self.line.send(json.dumps({**message, "channel": channel, "buffers": []}))
        return name

    def answer(self, kind: str, name: str, seconds: float = 240) -> dict:
        """The first message of that type, sent in answer to ``name``; what came before is kept."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            frame, data = self.line.recv_data(control_frame=True)
            if frame == websocket.ABNF.OPCODE_CLOSE:
                break
            if frame in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                header, parent, content = _read(data, frame)
                self.heard.append((header["msg_type"], parent.get("msg_id")))
                if header["msg_type"] == kind and parent.get("msg_id") == name:
                    return content
        raise AssertionError(f"no {kind}")

    def pause(self) -> None:
        """Wait until the kernel has dealt with everything sent before."""
        self.answer("kernel_info_reply", self.send("kernel_info_request", {}))

    def states(self) -> dict:
        """Every widget of the page: id to its state."""
        comm = uuid4().hex
        opened = {"comm_id": comm, "target_name": "jupyter.widget.control", "data": {}}
        self.send("comm_open", opened, metadata={"version": "1.0.0"})
        name = self.send("comm_msg", {"comm_id": comm, "data": {"method": "request_states"}})
        data = self.answer("comm_msg", name)["data"]
        return {key: value["state"] for key, value in data["states"].items()}

    def update(self, widget: str, **state) -> None:
        """Write traits of a widget."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        self.send("comm_msg", {"comm_id": widget, "data": data})

    def custom(self, widget: str, content: dict) -> None:
        """Send an event of a widget."""
        self.send(
            "comm_msg", {"comm_id": widget, "data": {"method": "custom", "content": content}}
        )

    def leave(self) -> None:
        """Close the line, as a tab that is gone without a word."""
        self.line.close()

    def end(self) -> None:
        """Leave as a page does that can still tell: its kernel ends, and the place is free."""
        self.line.close()
        httpx.post(f"{self.url}/voila/api/shutdown/{self.kernel}", content=b"", timeout=60)


def packed(channel: str, parts: list[bytes]) -> bytes:
    """A message of the binary protocol."""
    pieces = [channel.encode(), *parts]
    count = len(pieces) + 1
    at = [8 * (count + 1)]
    for piece in pieces:
        at.append(at[-1] + len(piece))
    return b"".join(n.to_bytes(8, "little") for n in (count, *at)) + b"".join(pieces)


def _read(raw, frame):
    if frame == websocket.ABNF.OPCODE_TEXT:
        message = json.loads(raw)
        return message["header"], message["parent_header"], message["content"]
    at = [int.from_bytes(raw[8 * i : 8 * i + 8], "little") for i in range(1, 1 + raw[0])]
    pieces = [raw[a:b] for a, b in itertools.pairwise(at)]
    return json.loads(pieces[1]), json.loads(pieces[2]), json.loads(pieces[4])


def widget(states: dict, **wanted) -> str:
    """The id of the one widget whose state holds this."""
    found = [k for k, s in states.items() if all(s.get(n) == v for n, v in wanted.items())]
    assert found, wanted
    return found[0]


def kept_runs(home: Path, secret: Path) -> dict[str, Run]:
    """Runs in a store: the owner's, the owner's of a file, and another visitor's."""
    base = Run(
        id="a" * 32,
        key="k1",
        status="failed",
        model=BUILT_IN,
        task="shopdesk",
        split="validation",
        recipe={"schema": 1, "techniques": [], "runtime": {"name": "torch", "threads": 1}},
        environment={"cpu": "x", "cores": 1},
        error={"value": f"{secret}", "expected": "a file", "remedy": f"see {home}/server.log"},
        client="owner",
        created=1.0,
    )
    runs = {
        "owner": base,
        "done": replace(base, id="d" * 32, key="k4", status="done", error=None),
        "file": replace(base, id="b" * 32, key="k2", task=f"csv:{secret},{secret}"),
        "other": replace(base, id="c" * 32, key="k3", client="9" * 32),
    }
    store = Store(home)
    for run in runs.values():
        store.save(run, None)
    return runs

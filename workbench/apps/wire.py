"""What may pass between a visitor's page and its kernel: widgets, and nothing else.

Voila's own list names the types of messages; here every message is read, checked and written anew,
so that what is checked is what the kernel gets.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from workbench.apps.limits import MESSAGES, MESSAGES_S

INTO = ("comm_msg", "comm_open", "comm_close", "comm_info_request", "kernel_info_request")
OUT = ("comm_msg", "comm_open", "comm_close", "comm_info_reply", "kernel_info_reply", "status")
CONTROL = "jupyter.widget.control"  # the one target that a page opens: it asks for all states
METHODS = ("update", "custom", "request_state", "request_states")
MOST_PIECES = 64
PARTS = ("header", "parent_header", "metadata", "content")


def may_pass(message: Mapping[str, Any]) -> bool:
    """Whether a message of a page may reach its kernel.

    Args:
        message: header, content and buffers as plain data.
    """
    kind, content = message["header"].get("msg_type"), message["content"]
    if message.get("channel") != "shell" or kind not in INTO or message.get("buffers"):
        return False
    if kind == "comm_open":
        return bool(content.get("target_name") == CONTROL)
    if kind == "comm_msg":
        data = content.get("data")
        return isinstance(data, dict) and data.get("method") in METHODS and _plain(data)
    return True


def _plain(data: Mapping[str, Any]) -> bool:
    """No binary parts, and a state that is an object."""
    return not data.get("buffer_paths") and isinstance(data.get("state", {}), dict)


def pieces(raw: bytes) -> list[bytes]:
    """Split a binary message: a count, that many offsets, and what lies between them.

    Source: https://jupyter-server.readthedocs.io/en/stable/developers/websocket-protocols.html

    Raises:
        ValueError: for anything else; the count is a stranger's, so it is checked before use.
    """
    count = int.from_bytes(raw[:8], "little")
    if not isinstance(raw, bytes) or not 6 <= count <= MOST_PIECES:
        raise ValueError("no message of the protocol")
    at = [int.from_bytes(raw[8 * i : 8 * i + 8], "little") for i in range(1, count + 1)]
    return [raw[start:end] for start, end in itertools.pairwise(at)]


class VisitorConnection(ZMQChannelsWebsocketConnection):
    """One page's line to its kernel."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._lately: deque[float] = deque(maxlen=MESSAGES)

    def connect(self) -> Any:
        """Note that the page has come."""
        self.websocket_handler.settings["visits"].connected(self.kernel_id)
        return super().connect()

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message on, drop it, or end the line where it is none or where they flood."""
        now = time.monotonic()
        flood = len(self._lately) == MESSAGES and now - self._lately[0] < MESSAGES_S
        self._lately.append(now)
        try:
            message = self._read(incoming_msg)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError, OverflowError):
            message = None
        if flood or message is None:
            self.websocket_handler.close(1008, "not a message of this page")
        elif self.channels and may_pass(message):
            self.session.send(self.channels["shell"], message)

    def _read(self, raw: Any) -> dict[str, Any]:
        """A message as plain data; binary ones only in the protocol that we agreed on."""
        if self.subprotocol == "v1.kernel.websocket.jupyter.org":
            channel, *parts = pieces(raw)
            message = dict(zip(PARTS, map(self.session.unpack, parts[:4]), strict=True))
            message |= {"channel": channel.decode(), "buffers": parts[4:]}
        else:
            message = json.loads(raw if isinstance(raw, str) else "")
        for part in PARTS:
            if not isinstance(message[part], dict):
                raise TypeError(part)
        return message

    def _on_zmq_reply(self, stream: Any, msg_list: Any) -> None:
        """Pass on what widgets need; no output, no traceback, no source."""
        if isinstance(msg_list, dict):
            header = msg_list["header"]
        else:
            header = self.session.unpack(msg_list[0])
        if header.get("msg_type") in OUT:
            super()._on_zmq_reply(stream, msg_list)  # type: ignore[no-untyped-call]

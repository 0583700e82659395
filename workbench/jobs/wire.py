"""What comes in and goes out over the job server's connections, within its limits."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NamedTuple
from uuid import uuid4

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from workbench.core.errors import BadInput
from workbench.jobs.limits import REQUEST_BYTES, SEND_S

ID = re.compile("[0-9a-f]{32}")


class Posted(NamedTuple):
    """A posted wish: what for, and the id that its job is to have."""

    kind: Any
    request: Any
    id: str


async def read_request(request: Request) -> Posted:
    """A posted wish; no more than the limit is ever held.

    Raises:
        BadInput: for a body that is too long, or no JSON with kind and request, or another id
            than 32 hexadecimal digits; without one it gets a new one.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > REQUEST_BYTES:
            told = f"at most {REQUEST_BYTES // 1024} KiB"
            raise BadInput("request", told, "ask for fewer things at once")
    try:
        data = json.loads(body, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
        posted = Posted(data["kind"], data["request"], data.get("id", uuid4().hex))
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise BadInput("request", "JSON with kind and request", "ask through the client") from err
    if not isinstance(posted.id, str) or not ID.fullmatch(posted.id):
        told = f"id {posted.id!r:.80}"
        raise BadInput(told, "32 hexadecimal digits", "ask through the client")
    return posted


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class EventStream(StreamingResponse):
    """Ends when the other side leaves what was sent unread for too long."""

    async def stream_response(self, send: Send) -> None:
        """Send, with a limit on how long one piece may take."""

        async def within(message: Message) -> None:
            await asyncio.wait_for(send(message), SEND_S)

        await super().stream_response(within)

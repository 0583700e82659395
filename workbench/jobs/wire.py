"""What comes in and goes out over the job server's connections, within its limits."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from workbench.core.errors import BadInput
from workbench.jobs.limits import REQUEST_BYTES, SEND_S


async def read_request(request: Request) -> tuple[Any, Any]:
    """The kind and the request of a posted job; no more than the limit is ever held.

    Raises:
        BadInput: for a body that is too long, or no JSON with the two.
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
        return data["kind"], data["request"]
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise BadInput("request", "JSON with kind and request", "ask through the client") from err


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class EventStream(StreamingResponse):
    """Ends when the other side leaves what was sent unread for too long."""

    async def stream_response(self, send: Send) -> None:
        """Send, with a limit on how long one piece may take."""

        async def within(message: Message) -> None:
            await asyncio.wait_for(send(message), SEND_S)

        await super().stream_response(within)

"""Posts signed CloudEvents to a gateway: `python -m bench.webhooks ARGUMENTS`, a process of its own, see `Load`.

Raw connections that stay open: a client library would need as much of the machine as the gateway.
"""

import asyncio
import base64
import hashlib
import hmac
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable

import msgspec
import orjson

__all__ = ["PATH", "SECRET", "Load", "Sent"]

PATH = "/in/events"
SECRET = "whsec_" + base64.b64encode(b"of the bench, of 24 bytes").decode()

_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
_TYPES = (
    ("lead.created", {"source": "web", "campaign_id": "spring"}),
    ("lead.stage_changed", {"to": "mql"}),
    ("email.sent", {"message_id": "m", "program_id": "onboarding", "step_id": "day-1"}),
    ("email.opened", {"message_id": "m", "program_id": "onboarding", "step_id": "day-1"}),
)


class Load(msgspec.Struct, frozen=True):
    """What is posted: so many requests of so many items, over so many connections.

    `rate` is in requests per second, 0 as fast as they are answered.
    """

    port: int
    requests: int
    items: int
    connections: int
    rate: float = 0.0


class Sent(msgspec.Struct, frozen=True):
    """What came of it: answers by status, seconds in all, and the seconds of each answer since it was due."""

    statuses: dict[str, int]
    seconds: float
    answers: list[float]


def _event(number: int) -> dict[str, object]:
    kind, data = _TYPES[number % len(_TYPES)]
    lead = f"l{number // len(_TYPES)}"
    return {
        "specversion": "1.0",
        "id": f"{kind}:{number}",
        "source": "/bench",
        "type": kind,
        "time": "2026-03-02T09:14:03Z",
        "data": {"lead_id": lead, **data},
    }


def _request(number: int, items: int, at: int) -> bytes:
    body = orjson.dumps([_event(number * items + each) for each in range(items)])
    signed = f"msg-{number}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(_KEY, signed, hashlib.sha256)).decode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/cloudevents-batch+json\r\n"
        f"webhook-id: msg-{number}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: v1,{signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _post(load: Load) -> Sent:
    at = int(time.time())
    left = deque((number, _request(number, load.items, at)) for number in range(load.requests))
    statuses: Counter[str] = Counter()
    answers: list[float] = []
    opened = [await asyncio.open_connection("127.0.0.1", load.port) for _ in range(load.connections)]
    began = time.perf_counter()

    async def sender(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left:
            number, request = left.popleft()
            due = began + number / load.rate if load.rate else time.perf_counter()
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            answers.append(time.perf_counter() - due)
            statuses[head[9:12].decode()] += 1

    await asyncio.gather(*(sender(*each) for each in opened))
    seconds = time.perf_counter() - began
    _close(writer for _, writer in opened)
    return Sent(dict(statuses), seconds, answers)


def _close(writers: Iterable[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()


if __name__ == "__main__":
    load = msgspec.json.decode(sys.argv[1], type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_post(load))))

"""A worker that is hindered in a way of its own: `python -m tests.faults.hindered_worker FAULT worker ...`."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

BLOCKED_S = 15.0
"""How long a batch blocks the event loop, or is applied."""

_REBALANCE_TIMEOUT_S = 8.0
_HOUR_S = 3600


def _hindered(*, block: bool) -> None:
    """Let the third batch take long; a rebalance does not wait as long as that."""
    from stream_app.worker import service  # noqa: PLC0415
    from stream_app.worker.pipeline import Pipeline  # noqa: PLC0415

    apply, settings, batches = Pipeline.apply, service._worker_settings, 0  # noqa: SLF001

    async def slow(self: Pipeline, prepared: Any) -> Any:  # noqa: ANN401
        nonlocal batches
        batches += 1
        if batches == 3:
            print("hindered", flush=True)  # noqa: T201
            if block:
                time.sleep(BLOCKED_S)  # noqa: ASYNC251
            else:
                await asyncio.sleep(BLOCKED_S)
        return await apply(self, prepared)

    def impatient(*arguments: Any) -> Any:  # noqa: ANN401
        return replace(settings(*arguments), rebalance_timeout=_REBALANCE_TIMEOUT_S)

    Pipeline.apply = slow  # type: ignore[method-assign]
    service._worker_settings = impatient  # type: ignore[assignment]  # noqa: SLF001


def _with_clock(seconds: int) -> None:
    """Shift this process's clock."""
    clock, nanoseconds = time.time, time.time_ns
    time.time = lambda: clock() + seconds
    time.time_ns = lambda: nanoseconds() + seconds * 1_000_000_000


def _killed(module: str, owner: str, method: str, fatal_call: int, *, after: bool) -> None:
    """Let one call of a method end the process as SIGKILL does, before or after it does its work."""
    of = getattr(import_module(module), owner)
    original, calls = getattr(of, method), 0

    async def fatal(self: object, *arguments: Any) -> Any:  # noqa: ANN401
        nonlocal calls
        calls += 1
        if calls == fatal_call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await original(self, *arguments)
        if calls == fatal_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(of, method, fatal)


_POINTS = {
    "dead letters": ("stream_app.worker.dead_letters", "DeadLetterTopic", "send", 2),
    "commit": ("stream_app.store.ledger", "Ledger", "commit", 2),
    "group offsets": ("stream_app.worker.aiokafka_adapter", "AIOKafkaAdapter", "commit", 1),
}
KILLS = {
    f"killed {'after' if after else 'before'} the {name}": partial(_killed, *point, after=after)
    for name, point in _POINTS.items()
    for after in (False, True)
}
"""Every point of the cycle: the dead letters are written, the batch is committed, and the offsets to the group."""

FAULTS: dict[str, Callable[[], None]] = {
    **KILLS,
    "blocks its event loop": lambda: _hindered(block=True),
    "applies a batch for long": lambda: _hindered(block=False),
    "clock ahead": lambda: _with_clock(_HOUR_S),
    "clock behind": lambda: _with_clock(-_HOUR_S),
}


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    from stream_app.cli.main import main

    main(sys.argv[2:], prog_name="stream-app")

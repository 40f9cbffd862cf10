"""A worker that is hindered in a way of its own: `python -m tests.faults.hindered_worker FAULT worker ...`."""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
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


FAULTS: dict[str, Callable[[], None]] = {
    "blocks its event loop": lambda: _hindered(block=True),
    "applies a batch for long": lambda: _hindered(block=False),
    "clock ahead": lambda: _with_clock(_HOUR_S),
    "clock behind": lambda: _with_clock(-_HOUR_S),
}


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    from stream_app.cli.main import main

    main(sys.argv[2:], prog_name="stream-app")

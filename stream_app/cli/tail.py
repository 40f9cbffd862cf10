"""`tail`: what arrives in the log, for people."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import orjson

from stream_app.admin.live_log import follow
from stream_app.catalog.events import EVENT_TYPES
from stream_app.cli.options import AS_JSON, KAFKA, with_settings
from stream_app.cli.wiring import event_topics
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, Event, Rejected, event_type
from stream_app.render.text import time_text


@click.command()
@with_settings(*KAFKA, "namespace", "max_batch_bytes")
@click.option("--topic", show_envvar=True, help="Only this topic, by its full name or without the namespace.")
@click.option(
    "--last",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    show_envvar=True,
    help="Begin with the newest so many of each partition.",
)
@click.option("--count", type=click.IntRange(1), show_envvar=True, help="End after so many records [default: Ctrl-C].")
@AS_JSON
def tail(settings: Settings, *, topic: str | None, last: int, count: int | None, as_json: bool) -> None:
    """Print records as they arrive, decoded; rejected ones are marked.

    Of an event it prints type, ids, amounts, times and values from closed sets, never free text or open labels. Of a
    record that workers reject it prints where it is and why, nothing of what it holds. Takes no part in the workers'
    group. --json prints one object a line.
    """
    names = event_topics(settings)
    if topic is not None:
        chosen = [name for name in names if name in {topic, settings.topic(topic)}]
        if not chosen:
            message = f"events are in {', '.join(names)}"
            raise click.BadParameter(message, param_hint="--topic")
        names = chosen
    decoder = Decoder(EVENT_TYPES)
    # It reports each try to connect; what is wrong is said once, at the end.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    def following(partitions: int) -> None:
        click.echo(f"following {partitions} partitions of {len(names)} topics; Ctrl-C ends it", err=True)

    try:
        for record in islice(follow(settings, names, last, following), count):
            row = described(record, decoder)
            if as_json:
                click.echo(orjson.dumps(row))
            else:
                click.secho(_line(row), fg="red" if "rejected" in row else None)
    except KeyboardInterrupt:
        return


def described(record: Any, decoder: Decoder) -> dict[str, Any]:  # noqa: ANN401 - aiokafka has no types
    """What may be shown of a record."""
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    if record.value is None:
        return {**place, "time": time_text(record.timestamp), "tombstone": True}
    result = decoder.decode(record)
    if isinstance(result, Rejected):
        return {**place, "time": time_text(record.timestamp), "rejected": result.cause, "detail": result.detail}
    at, event = result
    return {
        **place,
        "time": time_text(at),
        "type": event_type(type(event)),
        "id": event.id,
        "data": dict(_shown_fields(event)),
    }


def _line(row: dict[str, Any]) -> str:
    place = f"{row['time']}  {row['topic']}[{row['partition']}]@{row['offset']}"
    if "rejected" in row:
        return f"{place}  REJECTED {row['rejected']}: {row['detail']}"
    if "tombstone" in row:
        return f"{place}  no value, skipped"
    return f"{place}  {row['type']} {row['id']}  {' '.join(f'{name}={value}' for name, value in row['data'].items())}"


def _shown_fields(event: Event) -> Iterator[tuple[str, Any]]:
    """The fields that can name nobody: ids, numbers, moments, and values from closed sets."""
    hints = get_type_hints(type(event.data))
    for name in event.data.__struct_fields__:
        value = getattr(event.data, name)
        if isinstance(value, datetime):
            yield name, value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        elif isinstance(value, bool | int | float) or (
            isinstance(value, str) and (name.endswith("_id") or _is_closed(hints[name]))
        ):
            yield name, value


def _is_closed(hint: Any) -> bool:  # noqa: ANN401 - type hints have no useful type of their own
    return any(get_origin(each) is Literal for each in (hint, *get_args(hint)))

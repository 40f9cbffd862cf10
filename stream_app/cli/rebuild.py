"""`rebuild`: compute the numbers anew from the log, then switch to them."""

import asyncio
from collections.abc import Mapping

import click
from rich.progress import MofNCompleteColumn

from stream_app.admin.topics import ends
from stream_app.catalog.fingerprint import fingerprint
from stream_app.cli.end_in_time import EndInTime
from stream_app.cli.options import DEFINITIONS, KAFKA, REDIS, clock_at, fail, with_settings
from stream_app.cli.progress import progress_bar, stderr
from stream_app.cli.wiring import event_topics, model, topics_by_entity
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.store import generations
from stream_app.store.eviction import eviction
from stream_app.store.keys import BUILDING
from stream_app.store.reader import Reader
from stream_app.worker import service
from stream_app.worker.consumer import Exit


@click.command()
@with_settings(*KAFKA, *REDIS, "namespace", "group", *DEFINITIONS, "batch_events", "max_batch_bytes", "cached_entities")
@click.option("--keep-old", is_flag=True, show_envvar=True, help="Do not delete the numbers that served so far.")
def rebuild(settings: Settings, *, keep_old: bool) -> None:
    """Compute all numbers anew from the log beside the ones that serve, then switch to them at once.

    Needed after a change of definitions. The old numbers keep being served, and workers keep them up to date, until the
    switch. A rebuild that was interrupted goes on where it stood.
    """
    rules = settings.rules
    definitions = fingerprint(rules)
    private = settings.model_copy(
        update={
            "group": f"{settings.consumer_group}.rebuild",
            "instance_id": None,
            "worker_port": 0,
            "flood_ratio": 1.0,
        }
    )
    with sync_redis(settings) as redis:
        before = eviction(redis)
        if before.cause:
            fail(f"{before.cause}. Nothing was computed; mend it and run this again")
        until = ends(settings, event_topics(settings))
        pair = generations.begin(redis, settings.namespace, definitions)
        stderr.print(f"building generation {pair.building} beside {pair.serving}")
        report = asyncio.run(_build(private, definitions, until))
        if report.exit is not Exit.OK:
            fail(f"the rebuild ended early ({report.exit.name.lower()}); run it again to go on", int(report.exit))
        reached = Reader(redis, settings.namespace, rules.calendar, role=BUILDING)
        behind = _behind(reached.read(clock_at(None)()).offsets, until)
        if behind:
            fail(f"interrupted with {behind:,} records to go; nothing was switched. Run it again to go on")
        if eviction(redis).evicted > before.evicted:
            generations.abandon(redis, settings.namespace, pair)
            fail("the store evicted keys meanwhile, so that the new numbers may be wrong; nothing was switched")
        generations.switch(redis, settings.namespace, pair)
        click.echo(f"generation {pair.building} serves: {report.applied:,} events applied")
        if not keep_old:
            dropped = generations.drop(redis, settings.namespace, pair.serving)
            click.echo(f"generation {pair.serving} is deleted ({dropped:,} keys)")


def _behind(offsets: Mapping[tuple[str, int], int], until: Mapping[tuple[str, int], int]) -> int:
    return sum(max(end - offsets.get(partition, 0), 0) for partition, end in until.items())


async def _build(settings: Settings, definitions: str, until: Mapping[tuple[str, int], int]) -> service.Report:
    with progress_bar("rebuilding", sum(until.values()), MofNCompleteColumn()) as (progress, task):

        async def show() -> None:
            with sync_redis(settings) as redis:
                reader = Reader(redis, settings.namespace, settings.rules.calendar, role=BUILDING)
                while True:
                    done = await asyncio.to_thread(lambda: reader.read(clock_at(None)()).offsets)
                    progress.update(task, completed=sum(done.values()))
                    await asyncio.sleep(0.5)

        showing, end = asyncio.create_task(show()), EndInTime(Exit.STALLED)
        try:
            return await service.run(
                settings,
                model(settings.rules),
                definitions,
                topics_by_entity(settings),
                until,
                role=BUILDING,
                on_ending=end.begin,
            )
        finally:
            # The switch to the new numbers, and the deletion of the old ones, take the time that they take.
            end.done()
            showing.cancel()

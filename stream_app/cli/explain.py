"""`explain`: why the numbers are what they are, for support. Shows identifiers, which nothing else does."""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import click

from stream_app.catalog.account.history import history as account_history
from stream_app.catalog.entities import ACCOUNT, LEAD
from stream_app.catalog.history import Happened
from stream_app.catalog.lead.history import history as lead_history
from stream_app.catalog.metrics import BY_NAME
from stream_app.catalog.sample_source import DECLARATIONS, SampleSource
from stream_app.cli.options import AS_JSON, AS_OF, DEFINITIONS, REDIS, clock_at, fail, print_json, with_settings
from stream_app.cli.suggestions import SuggestingGroup
from stream_app.cli.text import aligned
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.clients.suggestions import did_you_mean
from stream_app.core.entity import EntityKind
from stream_app.core.facts import Fact, Series
from stream_app.core.histogram import SUM
from stream_app.core.money import amount_text
from stream_app.render.text import duration_text, time_text
from stream_app.spec.metric import Kind, Unit
from stream_app.store.lookup import find, members
from stream_app.store.reader import Reader

_NOW = -1
"""Stands for the time of what holds now; before all others."""

_STEP_SERIES = {each.series for each in DECLARATIONS if {"program", "step"} <= {label.name for label in each.labels}}


@click.group(cls=SuggestingGroup)
def explain() -> None:
    """What an entity contributes to the numbers, and who is in a step."""


@explain.command("lead")
@with_settings(*REDIS, "namespace", *DEFINITIONS)
@AS_JSON
@click.argument("lead_id")
def explain_lead(settings: Settings, lead_id: str, *, as_json: bool) -> None:
    """Show what is remembered of a lead and which facts follow."""
    _explain(settings, LEAD, lead_id, lead_history, as_json=as_json)


@explain.command("account")
@with_settings(*REDIS, "namespace", *DEFINITIONS)
@AS_JSON
@click.argument("account_id")
def explain_account(settings: Settings, account_id: str, *, as_json: bool) -> None:
    """Show what is remembered of an account and which facts follow. Amounts are in base units.

    --json has them in minor units, under names that end in `_minor`.
    """
    _explain(settings, ACCOUNT, account_id, account_history, as_json=as_json)


def _explain(
    settings: Settings,
    kind: EntityKind,
    key: str,
    timeline: Callable[[Any], list[Happened]],
    *,
    as_json: bool,
) -> None:
    with sync_redis(settings) as redis:
        entity = find(redis, settings.namespace, kind, key)
    if entity is None:
        fail(f"no {kind.name} of that id in namespace {settings.namespace}")
    facts = _stated(kind.all_facts(entity, settings.rules))
    ids = sorted({entity.id, *entity.ids} - {key})
    happened = timeline(entity)
    if as_json:
        print_json({"other_ids": ids, "timeline": [*map(_happened, happened)], "facts": [*map(_fact, facts)]})
        return
    click.echo(f"{kind.name} {key}" + (f", merged with {', '.join(ids)}" if ids else ""))
    rows = [("time", "what happened", "counts", "id", "source"), *map(_event_cells, happened)]
    click.echo("\n".join([*aligned(rows), "", "contributes"]))
    click.echo("\n".join(aligned([("time", "metric", "labels", "amount"), *map(_fact_cells, facts)])))


def _stated(facts: Iterable[Fact]) -> list[Fact]:
    """The facts by time, those of levels added up at `_NOW`: how they came about the timeline says."""
    found: list[Fact] = []
    levels: dict[Series, int] = {}
    for fact in facts:
        series, _, amount = fact
        if BY_NAME[series[0]].is_level:
            levels[series] = levels.get(series, 0) + amount
        else:
            found.append(fact)
    found += [(series, _NOW, amount) for series, amount in levels.items() if amount]
    return sorted(found, key=lambda fact: (fact[1], fact[0]))


def _event_cells(each: Happened) -> tuple[str, ...]:
    id_, _, source = each.row.identity.partition("\x00")
    return time_text(each.row.at), each.what, f"no: {each.ignored}" if each.ignored else "yes", id_, source


def _happened(each: Happened) -> dict[str, object]:
    id_, _, source = each.row.identity.partition("\x00")
    money = {"amount_minor": each.money[0], "currency": each.money[1]} if each.money else {}
    return {
        "time": time_text(each.row.at),
        "event": each.what,
        "ignored": each.ignored or None,
        "id": id_,
        "source": source or None,
        **money,
    }


def _fact_cells(fact: Fact) -> tuple[str, ...]:
    (name, *labels), at, amount = fact
    unit = _unit_of(fact)
    text = f"{amount:,}"
    if unit is Unit.MONEY:
        text = amount_text(amount, _currency_of(fact))
    elif unit is Unit.SECONDS:
        text = duration_text(amount / 1000)
    return _time_of(at) or "now", name, " ".join(labels), text


def _fact(fact: Fact) -> dict[str, object]:
    (name, *labels), at, amount = fact
    key = "amount_minor" if _unit_of(fact) is Unit.MONEY else "amount"
    return {"metric": name, "labels": labels, "time": _time_of(at), key: amount}


def _unit_of(fact: Fact) -> Unit:
    """The unit of a fact's amount; what is counted in a distribution has none, only its sum has one."""
    (name, *labels), _, _ = fact
    metric = BY_NAME[name]
    return Unit.COUNT if metric.kind is Kind.HISTOGRAM and labels[-1] != SUM else metric.unit


def _currency_of(fact: Fact) -> str:
    (name, *labels), _, _ = fact
    return labels[[label.name for label in BY_NAME[name].labels].index("currency")]


def _time_of(at: int) -> str | None:
    return None if at == _NOW else time_text(at)


@explain.command("step")
@with_settings(*REDIS, "namespace", "timezone")
@AS_OF
@AS_JSON
@click.option("--all", "everyone", is_flag=True, show_envvar=True, help="Those that are not due yet, too.")
@click.argument("program")
@click.argument("step")
def explain_step(
    settings: Settings, program: str, step: str, as_of: datetime | None, *, everyone: bool, as_json: bool
) -> None:
    """Show who is overdue in a step, and since when. Exit code 1 if there is no such step."""
    now = clock_at(as_of)()
    with sync_redis(settings) as redis:
        inside = members(redis, settings.namespace, program, step)
        known = (
            {(program, step)}
            if inside
            else _known_steps(Reader(redis, settings.namespace, settings.rules.calendar), now)
        )
    if (program, step) not in known:
        fail(_no_such_step(program, step, known))
    shown = [member for member in inside if everyone or member.due < now]
    if as_json:
        print_json([{"lead_id": m.lead, "enrollment_id": m.enrollment, "due_at": time_text(m.due)} for m in shown])
        return
    late = (duration_text((now - m.due) / 1000) if m.due < now else "" for m in shown)
    rows = [(m.lead, m.enrollment, time_text(m.due), by) for m, by in zip(shown, late, strict=True)]
    if rows:
        click.echo("\n".join(aligned([("lead", "enrollment", "due at", "late"), *rows])))
    overdue = sum(member.due < now for member in inside)
    click.echo(f"{overdue:,} of {len(inside):,} in the step are overdue")


def _known_steps(reader: Reader, now: int) -> set[tuple[str, str]]:
    """Every step, with its program, that anybody is in or has been in lately."""
    samples = SampleSource(sys.maxsize).samples(reader.read(now).view, wanted=_STEP_SERIES)
    labels = (dict(each.labels) for each in samples)
    return {(each["program"], each["step"]) for each in labels}


def _no_such_step(program: str, step: str, known: set[tuple[str, str]]) -> str:
    steps = {of for name, of in known if name == program}
    if steps:
        return f"no step {step!r} in program {program}. {did_you_mean(step, steps)}".strip()
    return f"no program {program!r} has steps. {did_you_mean(program, {name for name, _ in known})}".strip()

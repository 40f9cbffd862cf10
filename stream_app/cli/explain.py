"""`explain`: why the numbers are what they are, for support. Shows identifiers, which nothing else does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from stream_app.catalog.account.history import history as account_history
from stream_app.catalog.entities import ACCOUNT, LEAD
from stream_app.catalog.history import Happened
from stream_app.catalog.lead.history import history as lead_history
from stream_app.cli.options import AS_JSON, AS_OF, DEFINITIONS, REDIS, clock_at, fail, print_json, with_settings
from stream_app.clients.connections import sync_redis
from stream_app.clients.settings import Settings
from stream_app.core.entity import EntityKind
from stream_app.core.facts import LEVEL, Fact
from stream_app.store.lookup import find, members

_DAY_MS = 86_400_000


@click.group()
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
    """Show what is remembered of an account and which facts follow. Amounts are minor units."""
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
    facts = sorted(kind.all_facts(entity, settings.rules), key=lambda fact: (fact[1], fact[0]))
    ids = sorted({entity.id, *entity.ids} - {key})
    happened = timeline(entity)
    if as_json:
        print_json({"other_ids": ids, "timeline": [*map(_happened, happened)], "facts": [*map(_fact, facts)]})
        return
    console = Console()
    title = f"{kind.name} {key}" + (f", merged with {', '.join(ids)}" if ids else "")
    events = Table("time", "what happened", "counts", "id", "source", title=title, box=None, title_justify="left")
    for each in happened:
        id_, _, source = each.row.identity.partition("\x00")
        events.add_row(_iso(each.row.at), each.what, f"no: {each.ignored}" if each.ignored else "", id_, source)
    table = Table("time", "metric", "labels", "amount", title="contributes", box=None, title_justify="left")
    for (name, *labels), at, amount in facts:
        table.add_row("now" if at == LEVEL else _iso(at), name, " ".join(labels), f"{amount:,}")
    console.print(events, "", table)


def _happened(each: Happened) -> dict[str, object]:
    id_, _, source = each.row.identity.partition("\x00")
    return {
        "time": _iso(each.row.at),
        "event": each.what,
        "ignored": each.ignored or None,
        "id": id_,
        "source": source or None,
    }


def _fact(fact: Fact) -> dict[str, object]:
    (name, *labels), at, amount = fact
    return {"metric": name, "labels": labels, "time": None if at == LEVEL else _iso(at), "amount": amount}


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@explain.command("step")
@with_settings(*REDIS, "namespace")
@AS_OF
@AS_JSON
@click.option("--all", "everyone", is_flag=True, show_envvar=True, help="Those that are not due yet, too.")
@click.argument("program")
@click.argument("step")
def explain_step(
    settings: Settings, program: str, step: str, as_of: datetime | None, *, everyone: bool, as_json: bool
) -> None:
    """Show who is overdue in a step, and since when."""
    now = clock_at(as_of)()
    with sync_redis(settings) as redis:
        inside = members(redis, settings.namespace, program, step)
    shown = [member for member in inside if everyone or member.due < now]
    if as_json:
        print_json([{"lead_id": m.lead, "enrollment_id": m.enrollment, "due_at": _iso(m.due)} for m in shown])
        return
    table = Table("lead", "enrollment", "due at", "late", box=None)
    for member in shown:
        late = (now - member.due) / _DAY_MS
        table.add_row(member.lead, member.enrollment, _iso(member.due), f"{late:.1f} d" if late > 0 else "")
    overdue = sum(member.due < now for member in inside)
    Console().print(table, f"{overdue:,} of {len(inside):,} in the step are overdue")

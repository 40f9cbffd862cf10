"""What the demo draws in the terminal."""

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stream_app.catalog.events import STAGES
from stream_app.core.money import base_units
from stream_app.core.samples import View
from stream_app.spec.window import Window
from stream_app.store.reader import Snapshot

_WORST_STEPS = 5
_WIDTHS = {"stages": 27, "email": 23, "mrr": 28, "programs": 46, "flows": 33}
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Pinned:
    """What stays in sight: the address of the wall, and commands for a second terminal."""

    wall: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoState:
    """One moment of the demo. `history_size` is known once the history is sent; `rate` is events applied a second."""

    snapshot: Snapshot
    sent: int
    history_size: int | None
    rate: float
    stalled: bool
    elapsed: float
    seconds: float | None
    pinned: Pinned
    rejected: int

    @property
    def applied(self) -> int:
        """Events in the numbers: the embedded broker's offsets have no holes."""
        return sum(self.snapshot.offsets.values())


def status_line(state: DemoState) -> str:
    """One line for where there is no terminal."""
    phase = "history" if state.history_size is None else "live"
    return f"{state.elapsed:5.0f} s  {phase:7}  {state.sent:>9,} sent  {state.applied:>9,} applied"


def screen(state: DemoState) -> RenderableType:
    """The whole screen, of 24 lines and 80 columns."""
    view = state.snapshot.view
    return Group(
        _header(state),
        _side_by_side(stages=_stages(view), email=_email(view), mrr=_mrr(view)),
        _side_by_side(programs=_programs(view), flows=_flows(view)),
        _pinned(state),
        _key_help(state),
    )


def _side_by_side(**tables: Table) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for name in tables:
        grid.add_column(ratio=_WIDTHS[name])
    grid.add_row(*tables.values())
    return grid


def _pinned(state: DemoState) -> Text:
    lines = [f"wall: {state.pinned.wall}", f"month: {state.pinned.wall}report", *state.pinned.commands]
    return Text("\n".join(lines), style="cyan", no_wrap=True)


def _key_help(state: DemoState) -> Table:
    """What each key does, and where that is seen."""
    stall = "let them go on" if state.stalled else "nobody leaves a step of welcome"
    rows = (
        ("s", stall, "Steps most overdue; line 1 of the wall"),
        ("b", "a scanner clicks 300 messages", "E-mail, machine clicks: clicked stays"),
        ("c", "a fifth of the customers cancel", "MRR; Gross MRR churn on the wall"),
        ("p", "50 records that are no events", "rejected, above; stream-app dlq list"),
        ("Ctrl-C", "end, and count all again in SQL", "every number is compared"),
    )
    table = Table.grid(padding=(0, 1))
    for style in ("bold", "", "dim"):
        table.add_column(style=style, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _header(state: DemoState) -> Text:
    waiting = max(state.sent - state.applied, 0)
    phase = "loading history" if state.history_size is None else "live"
    left = "" if state.seconds is None else f" of {state.seconds:.0f}"
    text = Text(no_wrap=True, overflow="crop")
    text.append(f"{phase} {state.elapsed:.0f}{left} s: ", style="bold")
    text.append(f"{state.applied:,} events applied, {state.rate:,.0f} a second, {waiting:,} waiting, ")
    return text.append(f"{state.rejected:,} rejected", style="bold red" if state.rejected else "")


def total(view: View, window: Window, name: str, **only: str) -> int:
    """Sum of a flow over a window; `only` picks by the position that a label value stands at anywhere."""
    wanted = set(only.values())
    return sum(amount for labels, amount in view.total(window, name).items() if wanted <= set(labels))


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, expand=True, header_style="dim", padding=(0, 0, 0, 1), pad_edge=False)
    table.add_column(Text(title, style="bold cyan"), no_wrap=True, overflow="ellipsis")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _duration(ms: float) -> str:
    for unit, size in (("d", _DAY_MS), ("h", _HOUR_MS), ("min", _MINUTE_MS)):
        if ms >= size:
            return f"{ms / size:.0f} {unit}"
    return f"{ms / 1000:.0f} s"


def _stages(view: View) -> Table:
    table = _table("Stages", "now", "24h", "30d")
    level = view.level("leads_in_stage")
    for stage in STAGES:
        entries = [total(view, window, "stage_entries", funnel_stage=stage) for window in (Window.H24, Window.D30)]
        table.add_row(stage, f"{level.get((stage,), 0):,}", *(f"{count:,}" for count in entries))
    return table


def _email(view: View) -> Table:
    table = _table("E-mail", "1h", "24h")
    for message_state in ("sent", "delivered", "opened", "clicked", "replied", "bounced"):
        windows = (Window.H1, Window.H24)
        counts = [total(view, window, "email_messages", state=message_state) for window in windows]
        table.add_row(message_state, *(f"{count:,}" for count in counts))
    machine = (
        total(view, window, "email_events", kind="clicked", machine="true") for window in (Window.H1, Window.H24)
    )
    table.add_row("machine clicks", *(f"{count:,}" for count in machine))
    return table


def _mrr(view: View) -> Table:
    table = _table("MRR", "now", "lost 30d")
    changed = view.total(Window.D30, "mrr_movement")
    for (currency,), amount in sorted(view.level("mrr").items()):
        cells = [amount, -changed.get((currency, "churn"), 0)]
        table.add_row(currency, *(f"{base_units(cell, currency):,.0f}" for cell in cells))
    customers = view.level("customers").get((), 0)
    table.add_row("customers", f"{customers:,}", f"{-total(view, Window.D30, 'lost_customers'):,}")
    return table


def _programs(view: View) -> Table:
    table = _table("Steps most overdue", "in", "late", "by")
    balance = view.level("step_balance")
    overdue = [(labels, due) for (kind, *labels), due in view.due.items() if kind == "step_due_at" and due.overdue]
    worst = sorted(overdue, key=lambda item: (-item[1].overdue, item[0]))[:_WORST_STEPS]
    for labels, due in worst:
        late = _duration(view.clock.now - due.oldest)
        in_step = balance.get(tuple(labels), 0)
        style = "red" if due.overdue * 4 > in_step else ""
        table.add_row(
            "/".join(labels),
            f"{in_step:,}",
            f"{due.overdue:,}",
            late,
            style=style,
        )
    if not worst:
        table.add_row("nobody is overdue", "", "", "", style="green")
    return table


def _flows(view: View) -> Table:
    table = _table("Flow", "5m", "1h", "24h")
    for name in ("new_leads", "reopened_leads", "program_enrollments", "new_customers", "lost_customers"):
        counts = [total(view, window, name) for window in (Window.M5, Window.H1, Window.H24)]
        table.add_row(name.replace("_", " ").removeprefix("program "), *(f"{count:,}" for count in counts))
    return table

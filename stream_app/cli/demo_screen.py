"""What the demo draws in the terminal."""

from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stream_app.catalog.events import STAGES
from stream_app.core.money import base_units
from stream_app.core.samples import View
from stream_app.spec.window import Window
from stream_app.store.reader import Snapshot

_WORST_STEPS = 5
_DAY_MS = 86_400_000


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
    links: tuple[str, ...]

    @property
    def applied(self) -> int:
        """Events in the numbers: the embedded broker's offsets have no holes."""
        return sum(self.snapshot.offsets.values())


def status_line(state: DemoState) -> str:
    """One line for where there is no terminal."""
    phase = "history" if state.history_size is None else "live"
    return f"{state.elapsed:5.0f} s  {phase:7}  {state.sent:>9,} sent  {state.applied:>9,} applied"


def screen(state: DemoState) -> RenderableType:
    """The whole screen."""
    view = state.snapshot.view
    return Group(
        _header(state),
        Columns([_stages(view), _email(view), _mrr(view)], equal=True, expand=True),
        Columns([_programs(view), _flows(view)], equal=True, expand=True),
        Text("\n".join(state.links), style="dim"),
        _key_help(state),
    )


def _key_help(state: DemoState) -> Text:
    keys = {
        "s": "stall one program" + (" [on]" if state.stalled else ""),
        "b": "bot wave",
        "c": "churn wave",
        "p": "bad producer",
        "Ctrl-C": "end, and check every number against a recount",
    }
    return Text.assemble(*(part for key, what in keys.items() for part in ((key, "bold"), (f" {what}   ", "dim"))))


def _header(state: DemoState) -> Panel:
    waiting = max(state.sent - state.applied, 0)
    phase = "loading history" if state.history_size is None else "live"
    title = f"{phase}: {state.applied:,} events applied, {state.rate:,.0f} a second, {waiting:,} waiting"
    bar = ProgressBar(total=max(state.sent, 1), completed=min(state.applied, state.sent))
    left = "" if state.seconds is None else f" of {state.seconds:.0f}"
    return Panel(
        Group(Text(title, style="bold"), bar), title="stream-app demo", subtitle=f"{state.elapsed:.0f}{left} s"
    )


def total(view: View, window: Window, name: str, **only: str) -> int:
    """Sum of a flow over a window; `only` picks by the position that a label value stands at anywhere."""
    wanted = set(only.values())
    return sum(amount for labels, amount in view.total(window, name).items() if wanted <= set(labels))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=None, expand=True, title_justify="left", title_style="bold cyan", header_style="dim")
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 else "right")
    return table


def _stages(view: View) -> Table:
    table = _table("Stages", "", "now", "24h", "30d")
    level = view.level("leads_in_stage")
    for stage in STAGES:
        entries = [total(view, window, "stage_entries", funnel_stage=stage) for window in (Window.H24, Window.D30)]
        table.add_row(stage, f"{level.get((stage,), 0):,}", *(f"{count:,}" for count in entries))
    return table


def _email(view: View) -> Table:
    table = _table("E-mail", "", "1h", "24h", "30d")
    for message_state in ("sent", "delivered", "opened", "clicked", "replied", "bounced"):
        windows = (Window.H1, Window.H24, Window.D30)
        counts = [total(view, window, "email_messages", state=message_state) for window in windows]
        table.add_row(message_state, *(f"{count:,}" for count in counts))
    return table


def _mrr(view: View) -> Table:
    table = _table("MRR", "", "now", "new 30d", "churn 30d")
    changed = view.total(Window.D30, "mrr_movement")
    for (currency,), amount in sorted(view.level("mrr").items()):
        cells = [amount, changed.get((currency, "new"), 0), -changed.get((currency, "churn"), 0)]
        table.add_row(currency, *(f"{base_units(cell, currency):,.0f}" for cell in cells))
    customers = view.level("customers").get((), 0)
    table.add_row(
        "customers", f"{customers:,}", *(f"{total(view, Window.D30, name):,}" for name in ("new_customers",)), ""
    )
    return table


def _programs(view: View) -> Table:
    table = _table("Steps most overdue", "program / step", "in step", "overdue", "oldest")
    balance = view.level("step_balance")
    overdue = [item for item in view.due.items() if item[1].overdue]
    worst = sorted(overdue, key=lambda item: (-item[1].overdue, item[0]))[:_WORST_STEPS]
    for labels, due in worst:
        late = (view.clock.now - due.oldest) / _DAY_MS
        style = "red" if due.overdue * 4 > balance.get(labels, 0) else ""
        table.add_row(
            " / ".join(labels),
            f"{balance.get(labels, 0):,}",
            f"{due.overdue:,}",
            f"{late:.1f} d late",
            style=style,
        )
    if not worst:
        table.add_row("nobody is overdue", "", "", "", style="green")
    return table


def _flows(view: View) -> Table:
    table = _table("Flow", "", "5m", "1h", "24h", "30d")
    for name in ("new_leads", "reopened_leads", "program_enrollments", "new_customers", "lost_customers"):
        counts = [total(view, window, name) for window in (Window.M5, Window.H1, Window.H24, Window.D30)]
        table.add_row(name.replace("_", " "), *(f"{count:,}" for count in counts))
    return table

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
class Scene:
    """One moment of the demo. `history` is how many events the history had, once it is sent; `rate` is applied/s."""

    snapshot: Snapshot
    played: int
    history: int | None
    rate: float
    stalled: bool
    elapsed: float
    seconds: float | None
    links: tuple[str, ...]

    @property
    def applied(self) -> int:
        """Events in the numbers: the embedded broker's offsets have no holes."""
        return sum(self.snapshot.offsets.values())


def line(scene: Scene) -> str:
    """One line for where there is no terminal."""
    phase = "history" if scene.history is None else "live"
    return f"{scene.elapsed:5.0f} s  {phase:7}  {scene.played:>9,} sent  {scene.applied:>9,} applied"


def screen(scene: Scene) -> RenderableType:
    """The whole screen."""
    view = scene.snapshot.view
    return Group(
        _head(scene),
        Columns([_stages(view), _mail(view), _money(view)], equal=True, expand=True),
        Columns([_programs(view), _flow(view)], equal=True, expand=True),
        Text("\n".join(scene.links), style="dim"),
        _keys(scene),
    )


def _keys(scene: Scene) -> Text:
    keys = {
        "s": "stall one program" + (" [on]" if scene.stalled else ""),
        "b": "bot wave",
        "c": "churn wave",
        "p": "bad producer",
        "Ctrl-C": "end, and check every number against a recount",
    }
    return Text.assemble(*(part for key, what in keys.items() for part in ((key, "bold"), (f" {what}   ", "dim"))))


def _head(scene: Scene) -> Panel:
    waiting = max(scene.played - scene.applied, 0)
    phase = "loading history" if scene.history is None else "live"
    title = f"{phase}: {scene.applied:,} events applied, {scene.rate:,.0f} a second, {waiting:,} waiting"
    bar = ProgressBar(total=max(scene.played, 1), completed=min(scene.applied, scene.played))
    left = "" if scene.seconds is None else f" of {scene.seconds:.0f}"
    return Panel(
        Group(Text(title, style="bold"), bar), title="stream-app demo", subtitle=f"{scene.elapsed:.0f}{left} s"
    )


def total(view: View, window: Window, name: str, **only: str) -> int:
    """Sum of a flow over a window; `only` picks by the position that a label value stands at anywhere."""
    wanted = set(only.values())
    return sum(amount for labels, amount in view.total(window, name).items() if wanted <= set(labels))


def _grid(title: str, *columns: str) -> Table:
    table = Table(title=title, box=None, expand=True, title_justify="left", title_style="bold cyan", header_style="dim")
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 else "right")
    return table


def _stages(view: View) -> Table:
    table = _grid("Stages", "", "now", "24h", "30d")
    level = view.level("leads_in_stage")
    for stage in STAGES:
        entries = [total(view, window, "stage_entries", funnel_stage=stage) for window in (Window.H24, Window.D30)]
        table.add_row(stage, f"{level.get((stage,), 0):,}", *(f"{count:,}" for count in entries))
    return table


def _mail(view: View) -> Table:
    table = _grid("E-mail", "", "1h", "24h", "30d")
    for state in ("sent", "delivered", "opened", "clicked", "replied", "bounced"):
        counts = [total(view, window, "email_messages", state=state) for window in (Window.H1, Window.H24, Window.D30)]
        table.add_row(state, *(f"{count:,}" for count in counts))
    return table


def _money(view: View) -> Table:
    table = _grid("MRR", "", "now", "new 30d", "churn 30d")
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
    table = _grid("Steps most overdue", "program / step", "in step", "overdue", "oldest")
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


def _flow(view: View) -> Table:
    table = _grid("Flow", "", "5m", "1h", "24h", "30d")
    for name in ("new_leads", "reopened_leads", "program_enrollments", "new_customers", "lost_customers"):
        counts = [total(view, window, name) for window in (Window.M5, Window.H1, Window.H24, Window.D30)]
        table.add_row(name.replace("_", " "), *(f"{count:,}" for count in counts))
    return table

"""Charts as SVG, drawn by matplotlib. Colors and letters come from the page, so that they fit light and dark."""

import io
import re
from collections.abc import Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from stream_app.report.document import Chart, ChartKind, Line
from stream_app.report.words import amount

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # The same chart is the same text.
    "svg.hashsalt": "stream-app",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": False,
}
_WIDTH, _HEIGHT, _BAR_HEIGHT = 7.2, 2.6, 0.34
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
_INK, _FAINT, _PAPER = "#010203", "#020304", "#0a0b0c"
_SERIES = ("#030405", "#040506", "#050607", "#060708", "#070809")
_VARIABLES = {
    _INK: "var(--text)",
    _FAINT: "var(--line)",
    _PAPER: "var(--ground)",
    "#000000": "var(--text)",
    "#ffffff": "none",
    **{color: f"var(--series-{number})" for number, color in enumerate(_SERIES, 1)},
}
_DASHES = ("solid", "dashed", "dotted", "dashdot", (0, (5, 1)))
_MARKS = ("o", "s", "^", "D", "v")
_MOST_TICKS = 7


def picture(chart: Chart, name: str) -> str:
    """The chart as an element of HTML. `name` sets its ids apart from those of other pictures of the page."""
    with rc_context(_STYLE):
        height = _HEIGHT if chart.kind is ChartKind.LINES else 0.7 + _BAR_HEIGHT * len(chart.ticks)
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        (_bars if chart.kind is ChartKind.BARS else _lines)(axes, chart)
        _ink(axes)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    return _inline(file.getvalue(), name)


def described(chart: Chart) -> str:
    """The chart in words, for who does not see it."""
    rows = (f"{line.name}: {_values(chart, line)}" for line in chart.lines)
    return f"{chart.title}. {'; '.join(rows)}"


def _values(chart: Chart, line: Line) -> str:
    pairs = zip(chart.ticks, line.values, strict=True)
    return ", ".join(f"{tick} {_text(chart, number)}" for tick, number in pairs if number is not None)


def _text(chart: Chart, number: float) -> str:
    return amount(number, chart.unit, chart.currency)


def _bars(axes: Axes, chart: Chart) -> None:
    (line,) = chart.lines
    places = range(len(chart.ticks))
    values = [number or 0.0 for number in line.values]
    axes.barh(places, values, height=0.62, color=_SERIES[0])
    for place, number, low, high in zip(places, values, _ends(line, 0), _ends(line, 1), strict=True):
        if low is not None and high is not None:
            # Ink on the color of a bar alone is hard to see.
            for color, width in ((_PAPER, 4.0), (_INK, 1.2)):
                axes.plot([low, high], [place, place], color=color, linewidth=width, solid_capstyle="butt")
        end = max(number, high or 0, 0)
        axes.annotate(
            _text(chart, number), (end, place), xytext=(5, 0), textcoords="offset points", va="center", color=_INK
        )
    axes.set_yticks(places, [_shortened(tick) for tick in chart.ticks])
    axes.invert_yaxis()
    axes.margins(x=0.16)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _ends(line: Line, end: int) -> Sequence[float | None]:
    return (line.low, line.high)[end] or [None] * len(line.values)


def _lines(axes: Axes, chart: Chart) -> None:
    places = range(len(chart.ticks))
    for number, line in enumerate(chart.lines):
        style = number % len(_SERIES)
        values = [float("nan") if each is None else each for each in line.values]
        axes.plot(
            places,
            values,
            label=line.name,
            color=_SERIES[style],
            linestyle=_DASHES[style],
            marker=_MARKS[style],
            markersize=4,
        )
    step = -(-len(places) // _MOST_TICKS)
    # Counted from the newest, which is what the page is about.
    shown = [place for place in places if (len(places) - 1 - place) % step == 0]
    axes.set_xticks(shown, [chart.ticks[place] for place in shown])
    if all((each or 0) >= 0 for line in chart.lines for each in line.values):
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _text(chart, value)))
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    if len(chart.lines) > 1:
        legend = axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
        for text in legend.get_texts():
            text.set_color(_INK)


def _ink(axes: Axes) -> None:
    axes.tick_params(length=0, colors=_INK)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)


_LONGEST = 34


def _shortened(name: str) -> str:
    """Both ends of a long name."""
    half = _LONGEST // 2
    # matplotlib would take what stands between dollar signs for mathematics.
    return (name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half + 1 :]}").replace("$", r"\$")


def _inline(svg: str, name: str) -> str:
    """Only the element, without sizes, with ids of its own and the colors of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )
    svg = re.sub(r' id="', f' id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, variable)
    return re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)

"""The page of a report: complete, safe, self-contained, and legible on every screen and on paper."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from stream_app.core.calendar import day_of
from stream_app.report.document import Chart, ChartKind, Figure, Line, Report
from stream_app.report.markdown import markdown
from stream_app.report.page import page
from stream_app.report.period import period
from stream_app.report.pictures import picture
from stream_app.report.quantity import total
from stream_app.report.reader import ReportReader
from stream_app.report.words import value
from stream_app.spec.metric import Unit
from tests.lanes import first_is_quick
from tests.monitoring.dashboards.browser import needs_chromium, opened

TODAY = day_of(date(2026, 11, 13))
# 210 mm without the margins of 15 mm, in pixels of 1/96 inch.
A4_WIDTH = 680
HOSTILE = "<img src=x onerror=alert(1)>\"'&|$x$"

# Every text with its contrast; how far anything reaches; what is drawn outside of its chart.
MEASURE = """<script>
const number = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => {
  const part = (each) => (each <= 10.31 ? each / 3294.6 : ((each / 255 + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = rgb.map(part);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return number(color);
  }
  return [255, 255, 255];
};
const found = { texts: 0, faint: [], wide: [], outside: [] };
for (const each of document.querySelectorAll("h1, h2, h3, p, li, td, th, dt, dd, a, figcaption, svg text")) {
  const style = getComputedStyle(each);
  const color = each.namespaceURI.includes("svg") ? style.fill : style.color;
  const [one, two] = [light(number(color)), light(ground(each))].sort((a, b) => b - a);
  found.texts += 1;
  if ((one + 0.05) / (two + 0.05) < 4.5) found.faint.push(each.textContent);
}
for (const each of document.querySelectorAll("h1, h2, h3, p, li, .wide, .picture, dt, dd")) {
  if (each.getBoundingClientRect().right > innerWidth + 0.5) found.wide.push(each.textContent);
}
for (const svg of document.querySelectorAll("svg")) {
  const around = svg.getBoundingClientRect();
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    if (box.left < around.left - 2 || box.right > around.right + 2) found.outside.push(text.textContent);
  }
}
found.width = document.documentElement.scrollWidth - innerWidth;
document.body.setAttribute("data-found", JSON.stringify(found));
</script>"""


@pytest.fixture(scope="module")
def report(reader: ReportReader) -> Report:
    return reader.read(period("2026-10", TODAY), TODAY)


@needs_chromium
@pytest.mark.parametrize(
    ("width", "theme"), first_is_quick([(500, "light"), (500, "dark"), (1440, "light"), (1440, "dark")])
)
def test_everything_can_be_read_on_a_screen(report: Report, tmp_path: Path, theme: str, width: int) -> None:
    text = page(report)
    other = "(prefers-color-scheme: dark)"
    assert text.count(other) == 2
    # A headless browser cannot be asked to prefer a theme.
    text = text.replace(other, "all" if theme == "dark" else "not all")
    (tmp_path / "report.html").write_text(text.replace("</body>", f"{MEASURE}</body>"))
    root = opened((tmp_path / "report.html").as_uri(), width=width)
    found = json.loads(root.one("body").attributes["data-found"])
    assert found["texts"] > 400
    assert {name: found[name] for name in ("faint", "wide", "outside")} == {"faint": [], "wide": [], "outside": []}
    assert found["width"] <= 0


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("month", ["2026-10", "2026-11"])
def test_everything_fits_on_paper_without_being_shrunk(reader: ReportReader, tmp_path: Path, month: str) -> None:
    text = page(reader.read(period(month, TODAY), TODAY))
    assert text.count("@media print") == 2
    text = text.replace("@media print", "@media all").replace("</body>", f"{MEASURE}</body>")
    (tmp_path / "report.html").write_text(text)
    found = json.loads(opened((tmp_path / "report.html").as_uri(), width=A4_WIDTH).one("body").attributes["data-found"])
    assert found["width"] <= 0
    assert (found["faint"], found["outside"]) == ([], [])


def test_every_sentence_and_every_figure_is_on_the_page(report: Report) -> None:
    shown = unescape(re.sub(r"<[^>]+>", " ", page(report)))
    written = markdown(report)
    for section in report.sections:
        for answer in section.answers:
            assert answer.question in shown
            for sentence in (*answer.sentences, *answer.yardsticks, *answer.cautions):
                assert sentence in shown
            for figure in answer.figures:
                assert re.search(rf"{re.escape(figure.title)}\s+{re.escape(value(figure))}", shown)
                assert f"| {value(figure)} |" in written


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(report: Report) -> None:
    text = page(report)
    assert set(re.findall(r'(?:src|href)="([^"#]*)', text)) <= {"", "data:,"}
    assert not re.findall(r"<script|@import|url\((?!#)", text)
    assert re.findall(r'xmlns(?::xlink)?="[^"]*"', text)


def test_what_comes_from_events_is_never_markup(report: Report) -> None:
    (section, *_) = report.sections
    answer = section.answers[0]
    figure = Figure(HOSTILE, total("new_leads"), Unit.COUNT, 1)
    chart = Chart(ChartKind.BARS, HOSTILE, Unit.COUNT, [HOSTILE], [Line(HOSTILE, [1])])
    hostile = replace(answer, question=HOSTILE, sentences=[HOSTILE], figures=[figure], chart=chart, cautions=[HOSTILE])
    written = replace(report, notes=[HOSTILE], sections=[replace(section, answers=[hostile])])
    assert "<img" not in page(written)
    assert page(written).count("&lt;img") > 6
    assert not re.findall(r"(?<!\\)[<|]img", markdown(written))


def charts(report: Report) -> Iterator[Chart]:
    for section in report.sections:
        for answer in section.answers:
            if answer.chart is not None:
                yield answer.chart


def test_a_picture_is_the_same_twice_small_and_well_formed(report: Report) -> None:
    for chart in charts(report):
        drawn = picture(chart, "one")
        assert drawn == picture(chart, "one")
        assert len(drawn) < 40_000
        ET.fromstring(drawn)  # noqa: S314 - of our own making
        assert set(re.findall(r"(?:fill|stroke): ?(#\w+)", drawn)) == set()


def test_an_interval_stands_out_from_its_bar() -> None:
    line = Line("share", [0.4, 0.2], low=[0.3, None], high=[0.5, None])
    drawn = picture(Chart(ChartKind.BARS, "Share", Unit.RATIO, ["one", "two"], [line]), "one")
    paper, ink = (re.findall(rf"stroke: {re.escape(each)};", drawn) for each in ("var(--ground)", "var(--text)"))
    assert (len(paper), len(ink)) == (1, 1)
    assert drawn.index("stroke: var(--ground)") < drawn.index("stroke: var(--text)")


def test_no_id_stands_twice_on_the_page(report: Report) -> None:
    ids = re.findall(r' id="([^"]*)"', page(report))
    assert len(ids) > 50
    assert len(ids) == len(set(ids))


def test_a_picture_says_its_numbers_in_words(report: Report) -> None:
    text = unescape(page(report))
    found = [chart for chart in charts(report) if chart.title == "MQLs by month"]
    (line,) = found[0].lines
    said = ", ".join(f"{tick} {number:g}" for tick, number in zip(found[0].ticks, line.values, strict=True) if number)
    assert f"MQLs by month. MQLs: {said}" in text


def test_what_is_not_of_the_month_says_of_how_many_days_it_is(report: Report) -> None:
    for section in report.sections:
        for answer in section.answers:
            said = " ".join((*answer.sentences, *answer.cautions, answer.chart.title if answer.chart else ""))
            for figure in answer.figures:
                (window,) = dict(figure.quantity.of.labels).get("window", ("mtd",))
                if window != "mtd":
                    assert f"{window.removesuffix('d')} days" in said, figure.title

"""A report as Markdown."""

import re
from collections.abc import Iterator, Sequence

from stream_app.report.document import Answer, Figure, Report
from stream_app.report.words import amount, interval, value

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown(report: Report) -> str:
    """The whole report; charts are left out, their numbers are in the tables."""
    lines = [f"# Review of {report.period}", "", f"As of the end of the last day, {report.timezone}.", ""]
    lines += [f"> {_escaped(note)}" for note in report.notes]
    for section in report.sections:
        lines += ["", f"## {section.title}"]
        for answer in section.answers:
            lines += _answer(answer, report)
    return "\n".join(lines) + "\n"


def _answer(answer: Answer, report: Report) -> Iterator[str]:
    yield from ("", f"### {_escaped(answer.question)}", "")
    yield from (f"- {_escaped(each)}" for each in answer.sentences)
    if answer.figures:
        heads, rows = figures_table(answer, report)
        yield from ("", _row(heads), f"| --- {'| ---: ' * (len(heads) - 1)}|")
        yield from map(_row, rows)
    for title, texts in (("Usual", answer.yardsticks), ("Note", answer.cautions)):
        yield from (line for text in texts for line in ("", f"{title}: {_escaped(text)}"))
    for name, definition in answer.definitions:
        yield from ("", f"`{name}`: {_escaped(definition)}")


def figures_table(answer: Answer, report: Report) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of an answer's figures; with intervals where a figure has one."""
    heads = ["", report.period, report.before, report.year_before]
    rows = [_cells(each) for each in answer.figures]
    if any(map(interval, answer.figures)):
        heads.append("95 % interval")
        rows = [[*row, interval(figure)] for row, figure in zip(rows, answer.figures, strict=True)]
    return heads, rows


def _cells(figure: Figure) -> list[str]:
    earlier = [
        "-" if number is None else amount(number, figure.unit, figure.currency)
        for number in (figure.before, figure.year_before)
    ]
    return [figure.title, value(figure), *earlier]


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(each) for each in texts)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)

"""A report as one page of HTML that needs nothing from elsewhere."""

from collections.abc import Iterator
from importlib.resources import files

from stream_app.render.html import Html, definitions, document, element, link, stylesheet, table
from stream_app.report.document import Answer, Report
from stream_app.report.markdown import figures_table
from stream_app.report.pictures import described, picture

_STYLE = stylesheet((files("stream_app.report") / "report.css").read_text("utf-8"))
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing. The charts bring their styles with them."""


def page(report: Report, navigation: str = "") -> str:
    """The page; `navigation` is markup above the title."""
    title = f"Review of {report.period}"
    main = element("main", element("header", element("h1", title), *_begin(report)), *_sections(report))
    return document(title, _STYLE, Html(navigation), main)


def _begin(report: Report) -> Iterator[Html]:
    compared = f"Compared with {report.before} and {report.year_before}. "
    yield element("p", f"{compared}Days are those of {report.timezone}.", class_="soft")
    for note in report.notes:
        yield element("p", note, class_="note")
    if report.sections:
        answers = [answer for section in report.sections for answer in section.answers]
        items = (
            element("li", link(answer.question, f"#{_anchor(number)}"), element("p", answer.sentences[0]))
            for number, answer in enumerate(answers, 1)
        )
        yield element("ol", *items, class_="short")


def _anchor(number: int) -> str:
    return f"question-{number}"


def _sections(report: Report) -> Iterator[Html]:
    number = 0
    for section in report.sections:
        answers = []
        for answer in section.answers:
            number += 1
            answers.append(_answer(answer, report, number))
        yield element("section", element("h2", section.title), *answers)


def _answer(answer: Answer, report: Report, number: int) -> Html:
    anchor = _anchor(number)
    parts = [element("h3", f"{number}. {answer.question}")]
    if answer.chart is not None:
        svg = Html(picture(answer.chart, anchor))
        drawn = element("div", svg, role="img", aria_label=described(answer.chart), class_="picture", tabindex="0")
        parts.append(element("figure", element("figcaption", answer.chart.title), drawn))
    parts.append(element("ul", *(element("li", each) for each in answer.sentences)))
    parts += [element("p", f"Usual: {each}", class_="usual") for each in answer.yardsticks]
    parts += [element("p", each, class_="soft") for each in answer.cautions]
    if answer.figures:
        parts.append(table(*figures_table(answer, report)))
    if answer.definitions:
        parts.append(definitions(answer.definitions))
    return element("article", *parts, id=anchor)

"""The pages that people read."""

import re
from dataclasses import replace

import pytest

from stream_app.core.envelope import CAUSES, event_type
from stream_app.render.catalog import Catalog
from stream_app.render.event_page import PATH as EVENT_PAGE
from stream_app.render.event_page import event_page
from stream_app.render.markdown import table
from stream_app.render.metric_page import PATH as METRIC_PAGE
from stream_app.render.metric_page import exported, metric_page
from stream_app.spec.metric import Kind, Label, Metric, Unit
from stream_app.spec.ratio import Quotient, Ratio, Term
from stream_app.spec.window import Window
from tests.render.house import CATALOG

_MESSAGES = Metric(
    name="email_cohort",
    kind=Kind.FLOW,
    definition="Messages.",
    labels=(Label("program", capped=True), Label("audience", ("prospect", "customer"))),
    windows=(Window.H24, Window.D7),
)
RATIO = Ratio(
    name="email_open_rate",
    definition="Opened messages per delivered one.",
    formula="opened / delivered",
    labels=_MESSAGES.labels,
    windows=_MESSAGES.windows,
    note="Opens are a weak signal.",
    value=Quotient(numerator=(Term(_MESSAGES),), denominator=(Term(_MESSAGES),)),
)


def test_a_metric_has_a_section_with_everything_declared() -> None:
    text = metric_page(replace(CATALOG, metrics=(), derived=(), ratios=(RATIO,), examples=()))[METRIC_PAGE]
    section = text[text.index("### lifecycle_email_open_rate") :]
    assert section.splitlines() == [
        "### lifecycle_email_open_rate",
        "",
        "Opened messages per delivered one.",
        "",
        "- Formula: opened / delivered",
        "- Unit: ratio",
        "- Windows: `24h` `7d`",
        "- Label `program`: open",
        "- Label `audience`: `prospect` `customer`",
        "",
        "> **Note.** Opens are a weak signal.",
    ]


def test_every_exported_metric_has_a_summary_row_and_a_section() -> None:
    text = metric_page(CATALOG)[METRIC_PAGE]
    for each in exported(CATALOG):
        assert f"| [`{each.series}`](#{each.series}) |" in text
        assert f"\n### {each.series}\n\n{each.definition}\n" in text


def test_internal_metrics_are_not_shown() -> None:
    text = metric_page(CATALOG)[METRIC_PAGE]
    assert "lifecycle_customer_change" not in text
    assert "lifecycle_step_due_at" not in text


def test_every_unit_has_a_name() -> None:
    for unit in Unit:
        metric_page(replace(CATALOG, metrics=(), derived=(), ratios=(replace(RATIO, unit=unit),)))


def test_a_section_without_a_heading_is_an_error() -> None:
    with pytest.raises(ValueError, match="no section of the metrics page: X"):
        exported(Catalog(event_types=(), topics={}, keys={}, ratios=(replace(RATIO, section="X"),)))


def test_buckets_are_given_in_days_and_hours() -> None:
    text = metric_page(CATALOG)[METRIC_PAGE]
    assert "- Buckets up to: `3600` (1h), `21600` (6h), `86400` (1d)," in text
    assert "- Buckets up to: `0`, `10`, `20`," in text


def test_every_event_type_and_cause_is_on_the_page() -> None:
    text = event_page(CATALOG)[EVENT_PAGE]
    for kind in CATALOG.event_types:
        assert f"- [`{event_type(kind)}`](../schemas/{event_type(kind)}.json): " in text
    for cause in CAUSES:
        assert f"| `{cause}` |" in text


def test_field_rules_are_in_words() -> None:
    text = event_page(CATALOG)[EVENT_PAGE]
    assert "| `to` | required | `lead` `mql` `sal` `sql` `opportunity` `customer` |" in text
    assert "| `lead_id` | required | text of 1 to 128 characters |" in text
    assert "| `reason` | optional | free text of at most 1,024 characters |" in text
    assert "| `items[].quantity` | optional | integer, 0 to 1,000,000,000 |" in text
    assert "| `due_at` | optional | RFC 3339 moment with an offset |" in text
    assert "| `discount_percent_forever` | optional | number, 0 to 100 |" in text


def test_no_description_refers_to_a_class() -> None:
    text = event_page(CATALOG)[EVENT_PAGE]
    assert "Data`" not in text
    assert ": \n" not in text


def test_topics_begin_with_the_namespace() -> None:
    text = event_page(replace(CATALOG, namespace="acme"))[EVENT_PAGE]
    assert "`acme.billing`" in text
    assert "lifecycle.billing" not in text


def test_a_table_survives_bars_and_line_breaks() -> None:
    assert table(("a",), [("b | c\nd",)]) == "| a |\n| --- |\n| b \\| c d |"


def test_a_metric_is_a_declared_one() -> None:
    assert any(isinstance(each, Metric) for each in exported(CATALOG))


def test_the_page_of_events_says_the_order_within_one_instant() -> None:
    rows = dict(re.findall(r"^\| `(\w+)\.\*` \| (.*<.*|.*before.*) \|$", event_page(CATALOG)[EVENT_PAGE], re.MULTILINE))
    assert {family: re.sub(rf"`{family}\.(\w+)`", r"\1", order) for family, order in rows.items()} == {
        "lead": "created before all others",
        "program": "enrolled < step_entered < step_exited < exited",
        "opportunity": "created < changed < won = lost = reopened < deleted",
        "subscription": "started < changed < paused < resumed < canceled",
    }

"""The values that the wall's page asks for, without a browser: a real Redis, no HTTP."""

import json
import re
from http import HTTPStatus
from typing import Any

import pytest

from stream_app.catalog.sample_source import DECLARATIONS, SampleSource
from stream_app.clients.connections import sync_redis
from stream_app.clients.http import Request
from stream_app.clients.settings import Settings
from stream_app.monitoring.dashboards import WALL
from stream_app.render.dashboards import panels_by_id
from stream_app.render.wall import wanted_series
from stream_app.store.reader import Reader
from tests.monitoring.dashboards.site import samples, wall_of
from tests.monitoring.dashboards.store_content import Company

PANELS = {str(number): panel for number, panel in panels_by_id(WALL)}


@pytest.fixture(scope="module")
def values(company: Company) -> dict[str, Any]:
    """What /wall.json says."""
    with wall_of(company.settings, lambda: company.until) as wall:
        page = wall.routes()["/wall.json"](Request({}))
    assert (page.status, page.content_type) == (HTTPStatus.OK, "application/json")
    return dict(json.loads(page.body))


def test_the_values_are_of_the_moment_of_the_clock(company: Company, values: dict[str, Any]) -> None:
    assert values["at"] == company.until


def test_the_choices_are_the_currencies_of_the_store(company: Company, values: dict[str, Any]) -> None:
    found = samples(company.settings, company.until)
    currencies = {dict(each.labels)["currency"] for each in found if each.name == "lifecycle_mrr"}
    assert values["choices"] == sorted(currencies)
    assert len(currencies) > 1


def test_a_panel_about_money_has_values_for_each_currency(values: dict[str, Any]) -> None:
    for number, panel in PANELS.items():
        choices = values["choices"] if "$currency" in repr(panel) else [""]
        assert list(values["panels"][number]) == choices, panel.title


def test_the_suffix_of_a_value_is_its_currency(values: dict[str, Any]) -> None:
    (number,) = (number for number, panel in PANELS.items() if panel.title.startswith("MRR"))
    for choice in values["choices"]:
        assert values["panels"][number][choice]["suffix"] == choice


def test_a_panel_names_its_alert(values: dict[str, Any]) -> None:
    for number, panel in PANELS.items():
        for shown in values["panels"][number].values():
            assert panel.conditions or shown["alert"] == panel.runbook


def test_a_panel_of_conditions_has_each_declared_condition(values: dict[str, Any]) -> None:
    ((number, panel),) = ((number, panel) for number, panel in PANELS.items() if panel.conditions)
    shown = values["panels"][number][""]["conditions"]
    assert [each["name"] for each in shown] == [each.name for each in panel.conditions]
    assert "values" not in values["panels"][number][""]


def test_the_page_holds_the_dashboard_and_the_first_values(company: Company, values: dict[str, Any]) -> None:
    with wall_of(company.settings, lambda: company.until) as wall:
        text = wall.routes()["/"](Request({})).body.decode()
    _, _, rest = text.partition('id="values">')
    assert json.loads(rest.partition("</script>")[0]) == values
    assert not re.search(r"/\*\w+\*/", text.partition("<script>")[0])


def test_without_a_store_the_values_are_a_problem() -> None:
    nowhere = Settings.load(redis_url="redis://127.0.0.1:1/0", namespace="x")
    with wall_of(nowhere, lambda: 0) as wall:
        page = wall.routes()["/wall.json"](Request({}))
    assert page.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(page.body) == {"problem": "The store does not answer."}


def test_the_wall_computes_no_series_that_it_does_not_show(company: Company) -> None:
    wanted = wanted_series(WALL)
    with sync_redis(company.settings) as redis:
        snapshot = Reader(redis, company.settings.namespace, company.settings.rules.calendar).read(company.until)
    source = SampleSource()
    found = list(source.samples(snapshot.view, snapshot.changed, wanted))
    assert found == [each for each in SampleSource().samples(snapshot.view) if each.name in wanted]
    assert len(wanted) < len(DECLARATIONS) / 2

"""The past in Prometheus: what `stream-app history` prints becomes blocks, and the panels show it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from stream_app.audit import RECOUNTED, Recount, compare
from stream_app.clients.settings import Settings
from stream_app.demo.simulator import Plan, history
from tests.cli.transcripts import COMMAND
from tests.monitoring.dashboards.site import PROMETHEUS, Queries, running_prometheus, samples
from tests.monitoring.dashboards.store_content import fill
from tests.oracle.accounts import by_account, mrr_levels
from tests.oracle.facts import distinct, read
from tests.oracle.merges import united
from tests.oracle.samples import in_units
from tests.oracle.windows import first_instant

PROMTOOL = shutil.which("promtool")
DASHBOARD = Path(__file__).parents[2] / "grafana/dashboards/expand.json"
ZONE = "America/New_York"
DAYS = 90
TODAY = datetime.now(ZoneInfo(ZONE)).date()
DAY = timedelta(days=1)
PAST = [TODAY - back * DAY for back in range(DAYS, 0, -1)]
AS_SCRAPED = ("--label", "job=stream-app-exporter", "--label", "instance=exporter:9464")
# With 200 leads MRR takes only five values in some hours of the day.
PLAN = Plan(seed=3, leads=400, days=120, until=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))


class Site(NamedTuple):
    """A store that is full, and the Prometheus that has its past."""

    settings: Settings
    queries: Queries


def printed(settings: Settings, *arguments: str, command: str = "history") -> str:
    """Return what a command prints of a store."""
    environment = {"STREAM_APP_REDIS_URL": settings.redis_url, "STREAM_APP_NAMESPACE": settings.namespace}
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, command, *arguments],
        env=environment | {"STREAM_APP_TIMEZONE": ZONE},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    return done.stdout


@pytest.fixture(scope="module")
def settings(redis_url: str) -> Settings:
    """Fill a store with a company."""
    chosen = Settings.load(redis_url=redis_url, namespace=f"t{uuid4().hex[:12]}", timezone=ZONE)
    fill(chosen, PLAN)
    return chosen


@pytest.fixture(scope="module")
def site(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Import 90 days into a new Prometheus; skip where there is none."""
    if PROMETHEUS is None or PROMTOOL is None:
        pytest.skip("no prometheus on this machine: apt-get install prometheus")
    directory = tmp_path_factory.mktemp("history")
    (directory / "past.om").write_text(printed(settings, "--from", str(PAST[0]), *AS_SCRAPED))
    create_blocks = [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=720h"]
    with running_prometheus(directory, {}, "--storage.tsdb.retention.time=10y") as port:
        queries = Queries(port)
        queries.wait_for("vector(1)")
        paths = str(directory / "past.om"), str(directory / "data")
        subprocess.run([*create_blocks, *paths], check=True, timeout=300)  # noqa: S603 - Debian's own binary
        # It looks for new blocks once a minute.
        queries.at(last_moment(PAST[-1])).wait_for("lifecycle_mrr", 120)
        yield Site(settings, queries)


def last_moment(day: date) -> float:
    """Return the last millisecond of a local day, in seconds."""
    return (first_instant(day + DAY, ZoneInfo(ZONE)) - 1) / 1000


def panel(title: str) -> str:
    """Return the first query of a panel of the Expand board, for everything that can be chosen."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    curves = next(each for each in panels if each["title"] == title and each["type"] == "timeseries")
    return re.sub(r"\$\w+", ".*", curves["targets"][0]["expr"])


@pytest.mark.slow
def test_the_mrr_panel_has_ninety_days_that_equal_the_recount(site: Site) -> None:
    of_accounts = by_account(distinct(united(map(read, history(PLAN)))), swap_grace=60 * 60 * 1000)
    expected = {}
    for day in PAST:
        until = first_instant(day + DAY, ZoneInfo(ZONE))
        mrr = [each for each in mrr_levels(of_accounts, until) if each.series == "lifecycle_mrr"]
        expected[last_moment(day)] = sum(in_units(each.series, each.labels, each.value) for each in mrr)
    query = panel("MRR")
    found = {at: float(site.queries.at(at).instant(query)[0]["value"][1]) for at in expected}
    assert found == pytest.approx(expected, abs=0.001)
    assert len(set(found.values())) > 5


@pytest.mark.slow
def test_a_curve_has_a_value_at_any_time_between_two_days(site: Site) -> None:
    query = panel("MRR")
    for hours in range(1, 24 * 7):
        at = last_moment(PAST[-9]) + hours * 3600
        assert site.queries.at(at).instant(query)


def test_a_day_of_the_history_is_what_kpis_print_as_of_it(settings: Settings) -> None:
    day = PAST[-30]
    lines = printed(settings, "--from", str(day), "--to", str(day), "--format", "json").splitlines()
    found = {(each["name"], frozenset(each["labels"].items())): each["value"] for each in map(json.loads, lines)}
    then = samples(settings, round(last_moment(day) * 1000))
    assert found == {(each.name, frozenset(each.labels)): each.value for each in then}
    names = {name for name, _ in found}
    assert {"lifecycle_mrr", "lifecycle_leads_in_stage", "lifecycle_arpa", "lifecycle_new_leads"} <= names
    assert not {"lifecycle_step_overdue", "lifecycle_mql_oldest_due_timestamp_seconds"} & names


@pytest.mark.slow
def test_days_of_the_history_equal_the_recount_of_the_audit(settings: Settings) -> None:
    lines = printed(settings, "--format", "json").splitlines()
    found: dict[str, dict[tuple[str, frozenset[tuple[str, str]]], float]] = {str(day): {} for day in PAST}
    for each in map(json.loads, lines):
        if each["name"] in RECOUNTED:
            found[each["day"]][each["name"], frozenset(each["labels"].items())] = each["value"]
    with Recount(timezone=ZONE) as recount:
        recount.add(history(PLAN))
        for day in PAST[::8]:
            assert compare(found[str(day)], recount.samples(datetime.fromtimestamp(last_moment(day), UTC))) == []
    shown = {name for name, _ in found[str(PAST[-1])]}
    assert {
        "lifecycle_mrr",
        "lifecycle_net_revenue_retention",
        "lifecycle_step_balance",
        "lifecycle_new_leads",
    } <= shown


def test_the_audit_compares_a_past_day(settings: Settings, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(f"{json.dumps(each)}\n" for each in history(PLAN)))
    as_of = datetime.fromtimestamp(last_moment(PAST[-20]), UTC).isoformat()
    said = printed(settings, "--file", str(events), "--as-of", as_of, "--json", command="audit")
    found = json.loads(said)
    assert found["differences"] == []
    assert found["compared"] > 1000


def test_weeks_and_months_end_on_their_last_days(settings: Settings) -> None:
    sundays = [day for day in PAST if day.strftime("%A") == "Sunday"]
    last_days = [day for day in PAST if (day + DAY).day == 1]
    for step, ends in (("week", sundays), ("month", last_days)):
        text = printed(settings, f"--from={PAST[0]}", f"--step={step}", "--format=csv", "--series=customers")
        assert {row.partition(",")[0] for row in text.splitlines()[1:]} == set(map(str, ends))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", str(TODAY), "--to", str(TODAY)), "has not ended"),
        (("--from", str(PAST[-1]), "--to", str(PAST[-2])), "no day from"),
        (("--from", str(PAST[-1]), "--series", "mmr"), "mrr"),
        (("--from", str(PAST[-1]), "--label", "job"), "NAME=VALUE"),
    ],
)
def test_what_cannot_be_printed_is_said(settings: Settings, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        printed(settings, *arguments)
    assert said in refused.value.stderr
    assert not refused.value.stdout

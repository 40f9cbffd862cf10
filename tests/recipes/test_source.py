"""The recipe "Add a source" of CONTRIBUTING.md: deals of a CSV file, on a real broker and a real store."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.recipes.tree import steps
from tests.servers.cluster import Cluster
from tests.shipping.pages import section
from tests.system.installation import Installation

RECIPE = "Add a source"
DEALS = """id,account,won_at,amount
d1,acme,2026-03-10T09:00:00+01:00,1200.50
d2,globex,2026-03-11T09:00:00+01:00,99.50
"""
AS_OF = datetime(2026, 3, 12, 12, tzinfo=UTC)


def test_a_source_is_added_by_the_recipe(cluster: Cluster, redis_url: str, namespace: str, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", section("CONTRIBUTING.md", RECIPE), re.DOTALL)
    mapped = subprocess.run(  # noqa: S603 - what the page says
        [sys.executable, "-c", program], input=DEALS, capture_output=True, text=True, check=True
    )
    events = tmp_path / "events.jsonl"
    events.write_text(mapped.stdout)
    with Installation(cluster, redis_url, namespace, tmp_path) as installation:
        installation.create_topics(partitions=1)
        for _ in range(2):
            installation.run("produce", str(events))
        assert installation.drain()["duplicates"] == 2
        booked = [
            value
            for (name, labels), value in installation.kpis(AS_OF).items()
            if name == "lifecycle_bookings" and ("window", "30d") in labels and value
        ]
        assert sum(booked) == 1300
        code, said = installation.try_run("explain", "account", "acme")
        assert (code, "d1" in said) == (0, True)
    assert steps(RECIPE) == set()

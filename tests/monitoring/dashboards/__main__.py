"""Takes the pictures of the wall and of a report for the docs: `python -m tests.monitoring.dashboards [directory]`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from stream_app.cli.reports import report_reader
from stream_app.clients.connections import sync_redis
from stream_app.clients.http import serving
from stream_app.clients.settings import Settings
from stream_app.core.calendar import day_of
from stream_app.demo.embedded_servers import redis_server
from stream_app.demo.simulator import Plan
from stream_app.report.page import page
from stream_app.report.period import period
from tests.monitoring.dashboards.browser import photograph
from tests.monitoring.dashboards.site import exporter
from tests.monitoring.dashboards.states import STATES
from tests.monitoring.dashboards.store_content import fill

UNTIL = datetime(2026, 11, 19, 15, 40, 12, tzinfo=UTC)

PICTURES = {
    "wall": ("", 1920, 1080),
    "wall-light": ("?theme=light", 1920, 1080),
    "wall-portrait": ("", 1080, 1920),
    "wall-phone": ("", 390, 844),
}
"""Query and size of each of a company with a stalled step."""

STATE_SIZE = (1280, 720)
QUERIES = {"currencies": "#currencies"}
"""Of states that are not seen at once."""

COLORS = 256
"""How many a picture has, so that it takes a third of the bytes."""

YEAR = Plan(seed=3, leads=6000, days=500, until=UNTIL)


def take(url: str, path: Path, width: int, height: int, after_ms: int = 2000) -> None:
    """Write a small picture of a page."""
    photograph(url, path, width, height, after_ms)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLORS, kmeans=2, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img").resolve()
with TemporaryDirectory() as folder, redis_server(Path(folder, "redis")) as redis:
    settings = Settings.load(redis_url=f"redis://{redis.address}/0", namespace="wall")
    company = fill(settings, Plan(leads=6000, days=90, until=UNTIL, scenario="stall"))
    company.mark_current(company.until - 1_400)
    with exporter(settings, lambda: company.until) as port:
        for name, (query, width, height) in PICTURES.items():
            take(f"http://127.0.0.1:{port}/{query}", target / f"{name}.png", width, height)
    for name, (state, after_ms) in STATES.items():
        with state(f"redis://{redis.address}/0") as routes, serving("127.0.0.1", 0, routes) as port:
            url = f"http://127.0.0.1:{port}/{QUERIES.get(name, '')}"
            take(url, target / f"wall-{name}.png", *STATE_SIZE, after_ms)
    settings = Settings.load(redis_url=f"redis://{redis.address}/0", namespace="report")
    fill(settings, YEAR)
    with sync_redis(settings) as store:
        report = report_reader(settings, store).read(period("2026-10", day_of(UNTIL)), day_of(UNTIL))
    (Path(folder) / "report.html").write_text(page(report))
    take((Path(folder) / "report.html").as_uri(), target / "report.png", 1100, 1400)

"""The details of section 12 of the design: each that concerns a source here has a test that names its number."""

import re
from pathlib import Path

from stream_app.sources import SOURCES
from tests.sources.payload import PAYLOADS, outcomes

ROOM = Path(__file__).parent
NAME = re.compile(r"nasty[-_](\d{1,2})(?!\d)")

STRIPE = {*range(1, 9), *range(41, 46)}
HUBSPOT = set(range(9, 21))
MAIL = {27, 28, 29, 32, 33, 36, 46}
CONTRACT = {40}
SEGMENT = {52}
# 21-26, 34, 35, 37, 47-49 and 51 are of sources that are not here yet; 30, 31, 38, 39 and 50 are the gateway's.

# What settings make of mail, see `derive_steps`.
DERIVED = {"program.enrolled", "program.step_entered"}


def test_every_detail_of_a_source_has_a_test_that_names_it() -> None:
    files = [path for path in ROOM.rglob("*") if path.suffix in {".json", ".py"} and path != Path(__file__)]
    named = {int(number) for path in files for number in NAME.findall(path.name)}
    named |= {int(number) for path in files if path.suffix == ".py" for number in NAME.findall(path.read_text("utf-8"))}
    assert named >= STRIPE | HUBSPOT | MAIL | CONTRACT | SEGMENT


def test_a_source_says_which_events_it_makes() -> None:
    for name, source in SOURCES.items():
        payloads = [payload for payload in PAYLOADS if payload.source_name == name and payload.is_here]
        made = {outcome["type"] for each in payloads for outcome in outcomes(each) if isinstance(outcome, dict)}
        said = " ".join(row.becomes for row in source.reads)
        assert made, name
        assert source.is_own or [kind for kind in made - DERIVED if kind not in said] == [], name

"""The demo in a terminal of 80 x 24: what is in sight, what each key does, what can be tried beside it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.terminal import LINES, Terminal, terminal

COMMAND = Path(sys.executable).with_name("stream-app")
_KEYS = ("s", "b", "c", "p", "Ctrl-C")


def _command(*arguments: str) -> list[str]:
    ports = ("--exporter-port", "0", "--worker-port", "0", "--gateway-port", "0")
    return [str(COMMAND), "demo", "--days", "90", *ports, *arguments]


def _env(directory: Path) -> dict[str, str]:
    return {"PATH": f"{COMMAND.parent}:/usr/bin:/bin", "TMPDIR": str(directory), "HOME": str(directory)}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Run a demo that is live and has nothing left to apply."""
    with terminal(_command("--leads", "600"), _env(tmp_path_factory.mktemp("demo"))) as shown:
        shown.wait_for(lambda lines: lines[0].startswith("live") and ", 0 waiting" in lines[0])
        yield shown


def _key_lines(lines: list[str]) -> list[str]:
    """The lines about the keys: the last that are not blank."""
    return [line for line in lines if line.strip()][-len(_KEYS) :]


def _row(lines: list[str], name: str) -> list[int]:
    """The numbers behind a name."""
    found = next(match[1] for line in lines if (match := re.search(rf"(?:^| ){name}((?: +-?[\d,]+)+)", line)))
    return [int(each.replace(",", "")) for each in found.split()]


def test_everything_that_matters_is_in_sight(demo: Terminal) -> None:
    lines = demo.lines
    for title in ("Stages", "E-mail", "MRR", "Steps most overdue", "Flow"):
        assert any(title in line for line in lines), title
    for name in ("lead", "customer", "sent", "bounced", "machine clicks", "USD", "EUR", "new leads", "lost customers"):
        assert any(name in line for line in lines), name
    assert sum(line.startswith("wall: http://127.0.0.1:") for line in lines) == 1
    assert sum(line.startswith("month: http://127.0.0.1:") and line.endswith("/report") for line in lines) == 1
    assert [line.split()[0] for line in _key_lines(lines)] == list(_KEYS), "\n".join(lines)
    assert len(lines) == LINES


def test_every_key_says_what_it_does_and_where_to_read_on(demo: Terminal) -> None:
    for line in _key_lines(demo.lines):
        assert len(line.split()) >= 4, line
        assert "…" not in line


def test_live_events_come_at_the_pace_of_the_history(demo: Terminal) -> None:
    """An hour of the default pace adds no more to a month than its own days had."""
    with urlopen(_wall(demo) + "metrics") as answer:  # noqa: S310
        text = answer.read().decode()
    (growth,) = re.findall(r'^lifecycle_lead_velocity_rate{basis="paced"} (\S+)$', text, re.MULTILINE) or ["0"]
    assert -1 <= float(growth) < 3


def test_a_stall_is_seen_and_heals_when_it_is_released(demo: Terminal) -> None:
    def late(lines: list[str]) -> int:
        return sum(_row([line], "welcome/customer-story")[1] for line in lines if "welcome/customer-story" in line)

    before = late(demo.lines)
    demo.press("s")
    demo.wait_for(lambda lines: late(lines) >= before + 10 and any("let them go on" in line for line in lines))
    demo.press("s")
    demo.wait_for(lambda lines: late(lines) <= before and any("nobody leaves a step" in line for line in lines))


def test_bots_move_what_machines_clicked(demo: Terminal) -> None:
    hour, _ = _row(demo.lines, "machine clicks")
    demo.press("b")
    demo.wait_for(lambda lines: _row(lines, "machine clicks")[0] >= hour + 50)


def test_a_wave_of_churn_is_seen(demo: Terminal) -> None:
    _, lost = _row(demo.lines, "customers")
    demo.press("c")
    demo.wait_for(lambda lines: _row(lines, "customers")[1] < lost)


def test_bad_records_are_counted_as_rejected(demo: Terminal) -> None:
    assert ", 0 rejected" in demo.lines[0]
    demo.press("p")
    demo.wait_for(lambda lines: ", 50 rejected" in lines[0])


@pytest.mark.parametrize(
    "line",
    ["stream-app explain step welcome customer-story", "stream-app kpis lifecycle_mrr", "stream-app dlq list"],
)
def test_a_second_terminal_can_try_commands(demo: Terminal, tmp_path: Path, line: str) -> None:
    exports = [each for each in demo.lines if each.startswith("export STREAM_APP_")]
    script = "\n".join([*exports, line])
    done = subprocess.run(  # noqa: S603 - what the screen shows
        ["/bin/sh", "-c", script], env=_env(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_the_line_that_is_printed_sets_the_same(demo: Terminal) -> None:
    shown = " ".join(each.removeprefix("export ") for each in demo.lines if each.startswith("export STREAM_APP_"))
    assert f"export {shown}" in demo.printed


def test_control_c_ends_it_with_the_count(demo: Terminal) -> None:
    demo.press("\x03")
    assert demo.program.wait(120) == 0, demo.printed
    assert "numbers equal a recount of the" in demo.printed


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_further_control_c_end_it_without(tmp_path: Path, count: int) -> None:
    with terminal(_command("--leads", "80"), _env(tmp_path)) as shown:
        shown.wait_for(lambda lines: lines[0].startswith(("live", "loading history")))
        shown.press("\x03" * count)
        assert shown.program.wait(60) in {0, 130}, shown.printed
    assert "Traceback" not in shown.printed
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def _wall(demo: Terminal) -> str:
    (line,) = (each for each in demo.lines if each.startswith("wall: "))
    return line.removeprefix("wall: ")

"""`alerts test` and `doctor` on a real Alertmanager: what arrives, what is refused, and what goes nowhere."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stream_app.admin.doctor import Finding
from stream_app.alerting.diagnosis import diagnose_alerts
from stream_app.clients.ports import free_port
from stream_app.clients.settings import Settings
from tests.alerting.servers import alertmanager, eventually, get, post, render, sink

CLOSED = """
[receivers.{name}]
type = "webhook"
url = "http://127.0.0.1:{port}/"
"""
ROUTES = """
[routes]
critical = ["{name}"]
warning = ["{name}"]
info = []
"""


def alerts(*arguments: str) -> tuple[int, str]:
    """Run `stream-app alerts`: its exit code and all that it prints."""
    command = [sys.executable, "-m", "stream_app.cli", "alerts", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own
    return ended.returncode, ended.stdout + ended.stderr


def trial(manager: str, *arguments: str) -> tuple[int, str]:
    """Run `stream-app alerts test`."""
    return alerts("test", "--alertmanager-url", manager, *arguments)


def findings(manager: str) -> list[Finding]:
    """What `doctor` finds."""
    return list(diagnose_alerts(Settings.load(alertmanager_url=manager)))


class _Takes(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to see."""


class _Refuses(_Takes):
    status = 403


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What has to end with the test."""
    with ExitStack() as stack:
        yield stack


def receiver(stack: ExitStack, handler: type[BaseHTTPRequestHandler]) -> int:
    """Serve on a port until the test ends."""
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return server.server_port


def started(stack: ExitStack, directory: Path, text: str) -> str:
    """Start an Alertmanager with an `alerts.toml`; gives its URL."""
    return stack.enter_context(alertmanager(directory, render(directory, text) / "prometheus/alertmanager.yml"))


def test_what_the_sink_takes_arrives_and_notifies_nobody(tmp_path: Path, stack: ExitStack) -> None:
    url = stack.enter_context(sink(tmp_path))
    text = f'[receivers."the team"]\ntype = "sink"\nurl = "{url}"\n' + ROUTES.format(name="the team")
    manager = started(stack, tmp_path, text)
    code, said = trial(manager, "--receiver", "the team")
    assert code == 0, said
    assert "the team: arrived" in said
    assert "the team is the sink: a page shows its alerts, and nobody is notified" in said
    (message,) = json.loads(get(f"{url}/messages.json"))["the team"]
    assert message["title"] == "A test of the receiver the team: nothing is wrong"
    assert "A test of the receiver the team: nothing is wrong" in get(url).decode()
    (found,) = findings(manager)
    assert (found.status, found.detail) == (
        "warning",
        "alerts go nowhere: every receiver of Alertmanager is the sink",
    )


def test_a_receiver_that_takes_it_is_one_that_is_notified(tmp_path: Path, stack: ExitStack) -> None:
    text = CLOSED.format(name="good", port=receiver(stack, _Takes)) + ROUTES.format(name="good")
    manager = started(stack, tmp_path, text)
    code, said = trial(manager)
    assert code == 0, said
    assert "good: arrived" in said
    assert "sink" not in said
    assert findings(manager) == [Finding("alerts", "ok", "Alertmanager notifies good")]


def test_a_receiver_that_refuses_is_one_where_nothing_arrives(tmp_path: Path, stack: ExitStack) -> None:
    text = CLOSED.format(name="bad", port=receiver(stack, _Refuses)) + ROUTES.format(name="bad")
    code, said = trial(started(stack, tmp_path, text), "--receiver", "bad")
    assert code == 1, said
    assert "bad: failed: its server refused it or did not answer" in said


def test_alerts_to_a_closed_port_go_nowhere(tmp_path: Path, stack: ExitStack) -> None:
    text = CLOSED.format(name="gone", port=free_port()) + ROUTES.format(name="gone")
    manager = started(stack, tmp_path, text)
    code, said = trial(manager, "--receiver", "gone")
    assert code == 1, said
    assert "gone: failed" in said
    (found,) = findings(manager)
    assert (found.status, found.detail) == (
        "warning",
        "alerts go nowhere: no request of Alertmanager to gone has succeeded",
    )
    assert found.fix == "stream-app alerts test --receiver 'gone'"


def test_a_receiver_that_is_not_there_is_refused_with_a_suggestion(tmp_path: Path, stack: ExitStack) -> None:
    text = CLOSED.format(name="pager", port=free_port()) + ROUTES.format(name="pager")
    code, said = trial(started(stack, tmp_path, text), "--receiver", "pagr")
    assert code == 2
    assert said.strip() == "Alertmanager has no receiver pagr. Did you mean pager?"


def test_a_configuration_that_is_not_ours_is_named(tmp_path: Path, stack: ExitStack) -> None:
    config = tmp_path / "theirs.yml"
    config.write_text("route: {receiver: usual}\nreceivers: [{name: usual}, {name: pager}]\n")
    code, said = trial(stack.enter_context(alertmanager(tmp_path, config)), "--receiver", "pager")
    assert code == 1
    assert "pager: not routed: Alertmanager sends it to usual: render its configuration and reload it" in said


def test_without_an_alertmanager_alerts_go_nowhere() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code, said = trial(url)
    assert code == 69
    assert said.strip() == f"no Alertmanager answers at {url}: Connection refused"
    (found,) = findings(url)
    assert (found.status, found.detail) == (
        "warning",
        f"alerts go nowhere: no Alertmanager answers at {url}: Connection refused",
    )


def test_the_sink_refuses_what_is_no_message(tmp_path: Path, stack: ExitStack) -> None:
    url = stack.enter_context(sink(tmp_path))
    bodies: list[object] = [{}, {"attachments": []}, {"attachments": [{"title": 1}]}, [], "x"]
    for body in bodies:
        with pytest.raises(OSError, match="400"):
            post(f"{url}/slack", body)
    assert json.loads(get(f"{url}/messages.json")) == {}


def test_the_page_of_the_sink_escapes_what_it_shows(tmp_path: Path, stack: ExitStack) -> None:
    url = stack.enter_context(sink(tmp_path))
    post(f"{url}/slack", {"channel": "<i>", "attachments": [{"title": "<b>", "text": "</pre><script>"}]})
    page = eventually(lambda: get(url)).decode()
    assert "<h2>To &lt;i&gt;</h2>" in page
    assert "<h3>&lt;b&gt;</h3>" in page
    assert "<pre>&lt;/pre&gt;&lt;script&gt;</pre>" in page


def test_the_sink_remembers_the_newest_twenty_of_a_receiver(tmp_path: Path, stack: ExitStack) -> None:
    url = stack.enter_context(sink(tmp_path))
    for number in range(25):
        post(f"{url}/slack", {"channel": "chat", "attachments": [{"title": str(number)}]})
    found = json.loads(get(f"{url}/messages.json"))["chat"]
    assert [each["title"] for each in found] == [str(number) for number in range(24, 4, -1)]


def test_the_check_of_a_file_needs_no_server(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(CLOSED.format(name="pager", port=1) + ROUTES.format(name="pager"))
    code, said = alerts("check", "--alerts-file", str(file))
    assert (code, said) == (
        0,
        "ok    receiver pager: Webhook\nwarn  public_url: none is set, so messages have no links\n",
    )


def test_the_sink_answers_to_no_name_but_those_of_loopback(tmp_path: Path, stack: ExitStack) -> None:
    url = stack.enter_context(sink(tmp_path))
    request = urllib.request.Request(url, headers={"Host": "other.example.com"})  # noqa: S310 - our own
    with pytest.raises(OSError, match="421"):
        urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own

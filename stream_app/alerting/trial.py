"""One alert to one receiver, and whether it arrived."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from stream_app.alerting.alertmanager import Alertmanager
from stream_app.spec.notification import TEST_ALERT, TEST_RECEIVER

__all__ = ["Outcome", "Trial", "try_receiver"]

_INTERVAL_S = 0.2


class Outcome(StrEnum):
    """What became of an alert."""

    ARRIVED = "arrived"
    """The receiver's server took the notification. Whether somebody has read it, Alertmanager cannot know."""
    FAILED = "failed"
    """The receiver's server refused it or did not answer; Alertmanager goes on trying."""
    NOT_ROUTED = "not routed"
    """Alertmanager sends it elsewhere: its configuration is not the rendered one."""
    NOT_SENT = "not sent"
    """Nothing was sent in time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An outcome, and where Alertmanager sends the alert.

    Unless it is `certain`, a notification of another alert at the same moment may have been taken for it.
    """

    outcome: Outcome
    routed_to: tuple[str, ...] = ()
    certain: bool = True


def try_receiver(
    manager: Alertmanager, name: str, in_alertmanager: str, seconds: float, now: Callable[[], float] = time.monotonic
) -> Trial:
    """Send an alert to the receiver `name`, which Alertmanager knows as `in_alertmanager`, and wait for the outcome.

    Raises AlertmanagerError.
    """
    labels = {"alertname": TEST_ALERT, TEST_RECEIVER: name, "severity": "info", "test": secrets.token_hex(4)}
    annotations = {
        "summary": f"A test of the receiver {name}: nothing is wrong",
        "description": "`stream-app alerts test` has sent this.",
    }
    before = manager.notifications(in_alertmanager)
    manager.post(labels, annotations)
    deadline = now() + seconds
    routed: tuple[str, ...] | None = None
    succeeded = False
    while now() < deadline:
        routed = manager.routed_to(labels) if routed is None else routed
        if routed is not None and in_alertmanager not in routed:
            return Trial(Outcome.NOT_ROUTED, routed)
        after = manager.notifications(in_alertmanager)
        if after.failed > before.failed:
            return Trial(Outcome.FAILED, routed or (), after.apart)
        # A request is counted a moment before its failure is.
        if succeeded and after.succeeded > before.succeeded:
            return Trial(Outcome.ARRIVED, routed or (), after.apart)
        succeeded = after.succeeded > before.succeeded
        time.sleep(_INTERVAL_S)
    return Trial(Outcome.NOT_SENT, routed or ())

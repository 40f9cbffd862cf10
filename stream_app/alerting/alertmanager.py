"""What a running Alertmanager says, and alerts that are posted to it.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

import http.client
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["Alertmanager", "AlertmanagerError", "Notifications"]

_TIMEOUT_S = 5.0
# Those without `requests` count a notification before it is sent.
_REQUESTS = "alertmanager_notification_requests_total"
_FAILED = "alertmanager_notification_requests_failed_total"
# Before 0.27, or without the feature flag receiver-name-in-metrics, it has no receiver.
_RECEIVER = "receiver_name"


class AlertmanagerError(Exception):
    """Alertmanager does not answer, or not as it should."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """How many requests to receivers have succeeded and failed since Alertmanager was started.

    What fails is tried again, and counts again. `apart` says whether they are those of one receiver.
    """

    succeeded: int
    failed: int
    apart: bool


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """One Alertmanager, by the URL under which it answers. Methods raise AlertmanagerError."""

    url: str

    def receivers(self) -> tuple[str, ...]:
        """The names of its receivers."""
        return tuple(each["name"] for each in self._json("/api/v2/receivers"))

    def post(self, labels: Mapping[str, str], annotations: Mapping[str, str]) -> None:
        """Let an alert fire until Alertmanager's `resolve_timeout` has passed."""
        self._answer("POST", "/api/v2/alerts", json.dumps([{"labels": labels, "annotations": annotations}]).encode())

    def routed_to(self, labels: Mapping[str, str]) -> tuple[str, ...] | None:
        """The names of the receivers that an alert with these labels goes to; None if it is not there yet."""
        matchers = [("filter", f"{name}={json.dumps(value)}") for name, value in labels.items()]
        for alert in self._json(f"/api/v2/alerts?{urlencode(matchers)}"):
            return tuple(each["name"] for each in alert["receivers"])
        return None

    def notifications(self, receiver: str) -> Notifications:
        """What became of requests to a receiver, or to all of them where they are not counted apart."""
        page = self._answer("GET", "/metrics").decode()
        families = text_string_to_metric_families(page)
        samples = [each for family in families for each in family.samples if each.name in {_REQUESTS, _FAILED}]
        own = [each for each in samples if each.labels.get(_RECEIVER, receiver) == receiver]
        failed = _sum(own, _FAILED)
        return Notifications(_sum(own, _REQUESTS) - failed, failed, any(_RECEIVER in each.labels for each in samples))

    def _json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self._answer("GET", path))

    def _answer(self, method: str, path: str, body: bytes | None = None) -> bytes:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            with closing(kind(parts.netloc, timeout=_TIMEOUT_S)) as connection:
                headers = {"Content-Type": "application/json"} if body else {}
                connection.request(method, parts.path.rstrip("/") + path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            message = f"no Alertmanager answers at {self.url}: {getattr(error, 'strerror', None) or error}"
            raise AlertmanagerError(message) from error
        if answer.status != HTTPStatus.OK:
            message = f"Alertmanager at {self.url} answers {answer.status} to {method} {path.partition('?')[0]}"
            raise AlertmanagerError(message)
        return text


def _sum(samples: Iterable[Any], name: str) -> int:
    return int(sum(each.value for each in samples if each.name == name))

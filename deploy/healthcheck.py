"""Asks whichever of our services this container runs whether it is well: exit code 0 or 1."""  # noqa: INP001 - a script, no package

import http.client
import os
import sys

_TIMEOUT_S = 10
_SERVED = (
    ("STREAM_APP_WORKER_PORT", "9465", "/health"),
    ("STREAM_APP_EXPORTER_PORT", "9464", "/metrics"),
    ("STREAM_APP_GATEWAY_METRICS_PORT", "9467", "/health"),
    ("STREAM_APP_ALERT_SINK_PORT", "9468", "/health"),
)


def _status(host: str, port: str, path: str) -> int | None:
    """Return what is answered, None if nobody listens."""
    connection = http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def main() -> int:
    """Ask all, since an image does not know its command: only one of them listens."""
    host = os.environ.get("STREAM_APP_HOST", "127.0.0.1")
    asked = [_status(host, os.environ.get(name, default), path) for name, default, path in _SERVED]
    return int([status for status in asked if status is not None] != [http.client.OK])


if __name__ == "__main__":
    sys.exit(main())

"""How many exporters of this namespace are scraped: one is right, and a sum over two of them is not."""

import logging
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import NoPermissionError, RedisError

from stream_app.store.exporters import ExporterLease

log = logging.getLogger(__name__)


class ExportersCollector(Collector):
    """Renews this exporter's lease at each scrape. Says nothing while the store does not answer."""

    def __init__(self, lease: ExporterLease) -> None:
        self._lease = lease
        self._is_refused = False

    def collect(self) -> Iterator[Metric]:
        """The number of exporters."""
        try:
            count = self._lease.renew()
        except NoPermissionError:
            if not self._is_refused:
                self._is_refused = True
                log.warning(
                    "the store does not let this user write the key of the exporters, so a second exporter goes "
                    "unnoticed: see docs/production.md for its rights"
                )
            return
        except (RedisError, OSError):
            return  # `stream_app_redis_up` tells
        exporters = GaugeMetricFamily(
            "stream_app_exporters", "Exporters of this namespace that were scraped within 150 s; there should be one."
        )
        exporters.add_metric([], count)
        yield exporters

"""The worker's own pipeline, fed by hand."""

from collections.abc import Sequence

from stream_app.cli.wiring import model
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Rejected
from stream_app.store.ledger import Ledger
from stream_app.worker.batch import Batch, RecordLike
from stream_app.worker.pipeline import Pipeline
from stream_app.worker.rejection_limit import RejectionLimit
from stream_app.worker.telemetry import Telemetry


class _NoDeadLetters:
    """Nothing in these worlds is rejected."""

    async def send(self, batch: Batch, rejected: Sequence[tuple[RecordLike, Rejected]]) -> None:
        """Fail."""
        raise AssertionError(batch.topic, rejected[0])


def pipeline_of(settings: Settings, ledger: Ledger, telemetry: Telemetry, cached_entities: int = 20_000) -> Pipeline:
    """Return a pipeline with the whole catalog, to which nothing may be given that is to be rejected."""
    rejection_limit = RejectionLimit(settings.flood_ratio, lambda _: None)
    rules = model(settings.rules)
    return Pipeline(rules, ledger, _NoDeadLetters(), rejection_limit, telemetry, cached_entities=cached_entities)

"""The catalog as each part of the runtime wants it."""

from stream_app.admin.produce import Routes
from stream_app.catalog.derived import DERIVED
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, RANKS, TOPICS
from stream_app.catalog.metrics import METRICS
from stream_app.catalog.ratios import RATIOS
from stream_app.cli.described_settings import described_settings
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, event_type
from stream_app.core.facts import FoldSettings
from stream_app.examples import EXAMPLES
from stream_app.monitoring.alerts import ALERTING
from stream_app.monitoring.dashboards import DASHBOARDS
from stream_app.render.catalog import Catalog, Rendered
from stream_app.render.configuration_page import configuration_page
from stream_app.render.everything import everything
from stream_app.worker.pipeline import Model

CATALOG = Catalog(
    event_types=EVENT_TYPES,
    topics=TOPICS,
    keys={event: kind.key for event, kind in KIND_OF.items()},
    ranks=RANKS,
    metrics=METRICS,
    derived=DERIVED,
    ratios=RATIOS,
    examples=EXAMPLES,
    alerting=ALERTING,
    dashboards=DASHBOARDS,
)


def rendered() -> Rendered:
    """Every file that follows from declarations."""
    return everything(CATALOG) | configuration_page(described_settings())


def model(rules: FoldSettings) -> Model:
    """What a worker folds by."""
    return Model(Decoder(EVENT_TYPES), KIND_OF, METRICS, rules)


def event_topics(settings: Settings) -> list[str]:
    """The topics that workers read."""
    return [settings.topic(suffix) for suffix in TOPICS]


def topics_by_entity(settings: Settings) -> list[list[str]]:
    """The same, those about one kind of entity together."""
    kind_of_family = {event_type(each).partition(".")[0]: kind.name for each, kind in KIND_OF.items()}
    found: dict[str, list[str]] = {}
    for suffix, families in TOPICS.items():
        found.setdefault(kind_of_family[families[0]], []).append(settings.topic(suffix))
    return list(found.values())


def routes(settings: Settings) -> Routes:
    """Where each event is produced to, and under which key."""
    suffix_of = {family: suffix for suffix, families in TOPICS.items() for family in families}
    return Routes(
        Decoder(EVENT_TYPES),
        {each: settings.topic(suffix_of[event_type(each).partition(".")[0]]) for each in EVENT_TYPES},
        {each: KIND_OF[each].key for each in EVENT_TYPES},
    )

"""The catalog as workers and admin commands want it."""

from stream_app.admin.produce import Routes
from stream_app.catalog.entities import KIND_OF
from stream_app.catalog.events import EVENT_TYPES, TOPICS
from stream_app.catalog.metrics import METRICS
from stream_app.clients.settings import Settings
from stream_app.core.envelope import Decoder, event_type
from stream_app.core.facts import FoldSettings
from stream_app.worker.pipeline import Model


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

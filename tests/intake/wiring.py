"""What tests hand to the parts of the intake: routes of a namespace, and settings of its servers."""

from stream_app.admin.produce import Routes
from stream_app.cli.wiring import routes
from stream_app.clients.settings import Settings
from stream_app.intake.mapping import Mapping
from stream_app.sources.source import Context
from tests.intake.declared import PLAIN, PlainSettings


def person(address: str) -> str | None:
    """A stand-in for the keyed hash: the same for the same address, and without it."""
    return f"p-{len(address)}" if "@" in address else None


def routes_of(namespace: str = "lifecycle") -> Routes:
    """Where events go in a namespace."""
    return routes(Settings.load(namespace=namespace))


def mapping(namespace: str = "lifecycle", settings: PlainSettings | None = None) -> Mapping:
    """What maps the declared source."""
    context = Context(settings or PlainSettings(stages={"9": "mql"}), person)
    return Mapping(PLAIN, context, routes_of(namespace))

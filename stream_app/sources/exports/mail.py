"""Events of mail services that were saved or fetched as JSON: through the same adapters as their webhooks."""

from collections.abc import Callable

import orjson

from stream_app.sources.export import Export, Row
from stream_app.sources.mail import MailSettings
from stream_app.sources.mailgun import MAILGUN
from stream_app.sources.sendgrid import SENDGRID
from stream_app.sources.source import Context, Item, Outcome, Parked, Source


def _events_of(source: Source[MailSettings]) -> Callable[[Row, Context[MailSettings]], list[Outcome]]:
    def events(row: Row, context: Context[MailSettings]) -> list[Outcome]:
        try:
            raw = orjson.dumps(row)
        except orjson.JSONEncodeError:
            return [Parked("malformed")]
        return source.events(Item("", raw, 0), context)

    return events


SENDGRID_EVENTS: Export[MailSettings] = Export(
    name="sendgrid-events",
    title="Events of SendGrid as its webhook posted them, saved as JSON lines.",
    source=SENDGRID.name,
    settings=MailSettings,
    events=_events_of(SENDGRID),
    reads=SENDGRID.reads,
    missing=SENDGRID.missing,
)
MAILGUN_EVENTS: Export[MailSettings] = Export(
    name="mailgun-events",
    title="Events of Mailgun's Events API (`GET /v3/DOMAIN/events`): its pages as they are, one after the other.",
    source=MAILGUN.name,
    settings=MailSettings,
    events=_events_of(MAILGUN),
    reads=MAILGUN.reads,
    missing=MAILGUN.missing,
)

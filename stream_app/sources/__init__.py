"""Adapters: from what the tools of others post to our events. Pure: no clock, no world, no catalog."""

from typing import Any

from stream_app.sources.events import EVENTS
from stream_app.sources.export import Export
from stream_app.sources.exports.hubspot import HUBSPOT_CONTACTS, HUBSPOT_DEALS
from stream_app.sources.exports.mail import MAILGUN_EVENTS, SENDGRID_EVENTS
from stream_app.sources.exports.stripe import STRIPE_EVENTS, STRIPE_INVOICES, STRIPE_SUBSCRIPTIONS
from stream_app.sources.exports.table import CSV
from stream_app.sources.hubspot import HUBSPOT
from stream_app.sources.mailgun import MAILGUN
from stream_app.sources.postmark import POSTMARK
from stream_app.sources.resend import RESEND
from stream_app.sources.segment import RUDDERSTACK, SEGMENT
from stream_app.sources.sendgrid import SENDGRID
from stream_app.sources.source import Source
from stream_app.sources.stripe import STRIPE

_SOURCES: tuple[Source[Any], ...] = (
    EVENTS,
    STRIPE,
    SENDGRID,
    POSTMARK,
    MAILGUN,
    RESEND,
    HUBSPOT,
    SEGMENT,
    RUDDERSTACK,
)
_EXPORTS: tuple[Export[Any], ...] = (
    STRIPE_SUBSCRIPTIONS,
    STRIPE_INVOICES,
    STRIPE_EVENTS,
    HUBSPOT_CONTACTS,
    HUBSPOT_DEALS,
    SENDGRID_EVENTS,
    MAILGUN_EVENTS,
    CSV,
)

SOURCES: dict[str, Source[Any]] = {each.name: each for each in _SOURCES}
"""Name in `sources.toml` and in the path -> source."""

EXPORTS: dict[str, Export[Any]] = {each.name: each for each in _EXPORTS}
"""Kind of export -> export."""

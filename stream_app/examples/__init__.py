"""Worked examples of every metric, computed by hand: the tests run them, and the metrics page tells them."""

from stream_app.examples.business_days import BUSINESS_DAYS
from stream_app.examples.deals import DEALS
from stream_app.examples.leads import LEADS
from stream_app.examples.mail import MAIL
from stream_app.examples.marketing import MARKETING
from stream_app.examples.programs import PROGRAMS
from stream_app.examples.records import RECORDS
from stream_app.examples.retention import RETENTION
from stream_app.examples.revenue import REVENUE
from stream_app.examples.words import Told
from stream_app.spec.example import Story

STORIES: tuple[Story, ...] = (
    *LEADS,
    *PROGRAMS,
    *MAIL,
    *DEALS,
    *REVENUE,
    *RETENTION,
    *MARKETING,
    *RECORDS,
    *BUSINESS_DAYS,
)

TOLD: tuple[Told, ...] = tuple(map(Told, STORIES))

__all__ = ["STORIES", "TOLD", "Story", "Told"]

"""Worked examples of every metric, computed by hand: the tests run them, and the metrics page tells them."""

from stream_app.catalog.stories.business_days import BUSINESS_DAYS
from stream_app.catalog.stories.deals import DEALS
from stream_app.catalog.stories.leads import LEADS
from stream_app.catalog.stories.mail import MAIL
from stream_app.catalog.stories.marketing import MARKETING
from stream_app.catalog.stories.programs import PROGRAMS
from stream_app.catalog.stories.records import RECORDS
from stream_app.catalog.stories.retention import RETENTION
from stream_app.catalog.stories.revenue import REVENUE
from stream_app.catalog.stories.story import Story
from stream_app.catalog.stories.words import Told

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

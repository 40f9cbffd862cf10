"""Worked examples of every metric, computed by hand: the tests run them, and the metrics page shows them."""

from stream_app.examples.business_days import BUSINESS_DAYS
from stream_app.examples.deals import DEALS
from stream_app.examples.leads import LEADS
from stream_app.examples.mail import MAIL
from stream_app.examples.marketing import MARKETING
from stream_app.examples.programs import PROGRAMS
from stream_app.examples.records import RECORDS
from stream_app.examples.retention import RETENTION
from stream_app.examples.revenue import REVENUE
from stream_app.spec.example import Example

EXAMPLES: tuple[Example, ...] = (
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

__all__ = ["EXAMPLES"]

"""The audit: every number of the wall, counted a second time from the raw events, by code that shares nothing with it.

The streaming side folds events one by one and keeps running cells. This side puts all events into SQLite tables and
states each metric as a query that can be read next to its definition. Where both agree, the wall is right.
"""

from stream_app.audit.comparison import Difference, compare
from stream_app.audit.recount import Recount
from stream_app.audit.series import RECOUNTED

__all__ = ["RECOUNTED", "Difference", "Recount", "compare"]

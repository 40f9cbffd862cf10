"""The audit: every number of the wall, counted a second time from the raw events, by code that shares nothing with it.

The workers fold events one by one and keep running sums. The audit puts all events into SQLite tables and states each
metric as a query that can be read next to its definition (docs/definitions.md, docs/decisions.md); ratios follow from
what these queries count. Where both agree, the wall is right, as far as `LIMITS` and `NOT_AUDITED` say.
"""

from stream_app.audit.comparison import Difference, compare
from stream_app.audit.recount import Recount
from stream_app.audit.series import LIMITS, NOT_AUDITED, RECOUNTED, left_out

__all__ = ["LIMITS", "NOT_AUDITED", "RECOUNTED", "Difference", "Recount", "compare", "left_out"]

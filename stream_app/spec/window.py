"""Over what a metric is summed, and how wide the buckets are that the sums are made of."""

from enum import StrEnum


class Grain(StrEnum):
    """The width of a bucket. Minutes and hours are whole ones of the epoch, days those of the business time zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Window(StrEnum):
    """What a flow is summed over; the value is the `window` label."""

    M5 = "5m"
    H1 = "1h"
    H24 = "24h"
    D7 = "7d"
    D30 = "30d"
    D90 = "90d"
    MTD = "mtd"
    PREV_MONTH = "prev_month"
    PREV_MONTH_TO_DATE = "prev_month_to_date"
    MONTH_BEFORE_PREV = "month_before_prev"
    D30_BEFORE = "30d_before"
    FULL_DAYS_MTD = "full_days_mtd"


GRAIN_OF: dict[Window, Grain] = {
    Window.M5: Grain.MINUTE,
    Window.H1: Grain.MINUTE,
    Window.H24: Grain.HOUR,
    Window.D7: Grain.HOUR,
} | {window: Grain.DAY for window in Window if window not in {Window.M5, Window.H1, Window.H24, Window.D7}}

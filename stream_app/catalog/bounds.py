"""Upper bounds of the distributions, in the unit of their metric (section C of the definitions)."""

_HOUR, _DAY = 3600.0, 86400.0

TRANSITION_BOUNDS = (_HOUR, 6 * _HOUR, *(days * _DAY for days in (1, 3, 7, 14, 30, 60, 90, 180, 365)))
DWELL_BOUNDS = (_HOUR, 6 * _HOUR, *(days * _DAY for days in (1, 2, 3, 7, 14, 30, 60)))
FOLLOW_UP_BOUNDS = (*(hours * _HOUR for hours in (1, 4, 8)), *(days * _DAY for days in (1, 2, 3, 7, 14, 30)))
SCORE_BOUNDS = tuple(float(score) for score in range(0, 101, 10))

"""Spend, reach and survey answers: records of which the newest replaces the whole."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from .facts import Event, Fact, fact, grouped, of_type
from .windows import first_instant

PROMOTER = 9
PASSIVE = 7


def newest_each(events: Sequence[Event], event_type: str, identifier: str) -> list[Event]:
    """Return the newest record of each: "The newest replaces the whole record"."""
    records = grouped(of_type(events, event_type), lambda event: str(event.data[identifier]))
    return [max(own, key=lambda event: event.order) for own in records.values()]


def spend(events: Sequence[Event], *, zone: ZoneInfo) -> Iterator[Fact]:
    """`lifecycle_spend`: "spend, spread over its period by day".

    "period_start, period_end (dates, inclusive; the amount is spread over the days evenly, remainders to the first
    days)".
    """
    for record in newest_each(events, "spend.recorded", "spend_id"):
        start = date.fromisoformat(record.data["period_start"])
        end = date.fromisoformat(record.data["period_end"])
        days = (end - start).days + 1
        each, remainder = divmod(int(record.data["amount_minor"]), days)
        for number in range(days):
            yield fact(
                "lifecycle_spend",
                first_instant(start + timedelta(days=number), zone),
                each + 1 if number < remainder else each,
                currency=record.label("currency"),
                kind=record.label("kind"),
                program=record.label("program_id"),
                channel=record.label("channel"),
                campaign=record.label("campaign_id"),
            )


def reach(events: Sequence[Event], *, zone: ZoneInfo) -> Iterator[Fact]:
    """`lifecycle_reach`: "counts recorded for a day (newest record of each reach_id), dated at that day"."""
    for record in newest_each(events, "reach.recorded", "reach_id"):
        yield fact(
            "lifecycle_reach",
            first_instant(date.fromisoformat(record.data["day"]), zone),
            int(record.data["count"]),
            kind=record.label("kind"),
            channel=record.label("channel"),
            campaign=record.label("campaign_id"),
        )


def nps_responses(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_nps_responses`.

    "each respondent's newest answer, dated at it"; "class (`promoter` 9-10, `passive` 7-8, `detractor` 0-6)".
    """
    for answer in newest_each(events, "survey.responded", "respondent_id"):
        # "`segment="all"`" is all of them together.
        segment = "none" if answer.label("segment") == "all" else answer.label("segment")
        labels = {"class": nps_class(answer), "segment": segment}
        yield fact("lifecycle_nps_responses", answer.at, **labels)


def nps_class(answer: Event) -> str:
    """Return the class of an answer."""
    score = int(answer.data["score"])
    return "promoter" if score >= PROMOTER else "passive" if score >= PASSIVE else "detractor"


def nps_themes(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_nps_themes`: "what promoters and detractors talk about", each respondent's newest answer."""
    for answer in newest_each(events, "survey.responded", "respondent_id"):
        labels = {"class": nps_class(answer), "theme": answer.label("theme")}
        yield fact("lifecycle_nps_themes", answer.at, **labels)

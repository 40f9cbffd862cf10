"""Short ways to write the events of an example and the samples that are expected."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stream_app.spec.example import NO_WINDOW, ExpectedSeries, GivenEvent, Value

Item = dict[str, Any]


def each(times: int, event: GivenEvent, *, first: int = 1) -> GivenEvent:
    """Repeat an event `times` times, each with identifiers of its own that are numbered from `first` on."""
    return replace(event, times=times, first=first)


def lead(event: str, time: str, who: str, **data: Any) -> GivenEvent:  # noqa: ANN401 - fields of the contract
    """`lead.<event>`."""
    return GivenEvent(type=f"lead.{event}", time=time, data={"lead_id": who, **data})


def stage(to: str, time: str, who: str) -> GivenEvent:
    """`lead.stage_changed`."""
    return lead("stage_changed", time, who, to=to)


def status(to: str, time: str, who: str) -> GivenEvent:
    """`lead.status_changed`."""
    return lead("status_changed", time, who, to=to)


def program(event: str, time: str, who: str, name: str, **data: Any) -> GivenEvent:  # noqa: ANN401
    """`program.<event>`, of the one enrollment of a lead."""
    known = {"lead_id": who, "program_id": name, "enrollment_id": f"{who}-in-{name}"}
    return GivenEvent(type=f"program.{event}", time=time, data={**known, **data})


def mail(event: str, time: str, message: str, **data: Any) -> GivenEvent:  # noqa: ANN401
    """`email.<event>`; unless `lead_id` says otherwise, each message goes to a lead of its own."""
    known = {"message_id": message, "lead_id": f"reader-of-{message}"}
    return GivenEvent(type=f"email.{event}", time=time, data={**known, **data})


def deal(
    event: str, time: str, name: str, account: str, kind: str, amount_minor: int, currency: str, **data: str
) -> GivenEvent:
    """`opportunity.<event>` with the whole state."""
    known = {
        "opportunity_id": name,
        "account_id": account,
        "kind": kind,
        "amount_minor": amount_minor,
        "currency": currency,
    }
    return GivenEvent(type=f"opportunity.{event}", time=time, data={**known, **data})


def deletion(time: str, name: str, account: str) -> GivenEvent:
    """`opportunity.deleted`."""
    return GivenEvent(type="opportunity.deleted", time=time, data={"opportunity_id": name, "account_id": account})


def item(unit_amount_minor: int, interval: str = "month", **data: Any) -> Item:  # noqa: ANN401
    """One price of a subscription."""
    return {"plan_id": "plan", "unit_amount_minor": unit_amount_minor, "interval": interval, **data}


def subscription(
    event: str,
    time: str,
    account: str,
    *items: Item,
    currency: str = "USD",
    name: str = "",
    **data: Any,  # noqa: ANN401
) -> GivenEvent:
    """`subscription.<event>` with the whole state; without a `name` it is called like the account."""
    known = {"account_id": account, "subscription_id": name or account, "currency": currency, "items": list(items)}
    return GivenEvent(type=f"subscription.{event}", time=time, data={**known, **data})


def one_company(time: str, account: str, merged: str) -> GivenEvent:
    """`account.merged`."""
    return GivenEvent(type="account.merged", time=time, data={"account_id": account, "merged_id": merged})


def invoice(event: str, time: str, name: str, account: str) -> GivenEvent:
    """`invoice.<event>`."""
    data = {"invoice_id": name, "account_id": account, "amount_minor": 1000, "currency": "EUR"}
    return GivenEvent(type=f"invoice.{event}", time=time, data=data)


def spend(
    time: str, name: str, amount_minor: int, currency: str, kind: str, period_start: str, period_end: str, **data: str
) -> GivenEvent:
    """`spend.recorded`."""
    known = {
        "spend_id": name,
        "amount_minor": amount_minor,
        "currency": currency,
        "kind": kind,
        "period_start": period_start,
        "period_end": period_end,
    }
    return GivenEvent(type="spend.recorded", time=time, data={**known, **data})


def reach(time: str, name: str, day: str, kind: str, count: int, **data: str) -> GivenEvent:
    """`reach.recorded`."""
    return GivenEvent(
        type="reach.recorded", time=time, data={"reach_id": name, "day": day, "kind": kind, "count": count, **data}
    )


def answer(time: str, respondent: str, score: int, **data: str) -> GivenEvent:
    """`survey.responded`."""
    known = {"respondent_id": respondent, "survey_id": "yearly", "score": score}
    return GivenEvent(type="survey.responded", time=time, data={**known, **data})


def expect(series: str, value: Value | Mapping[str, Value], **labels: str) -> ExpectedSeries:
    """Expect a value, or one for each window. A label that is called like a word of Python ends in `_`."""
    named = {name.rstrip("_"): wanted for name, wanted in labels.items()}
    return ExpectedSeries(
        series=series, labels=named, values=value if isinstance(value, Mapping) else {NO_WINDOW: value}
    )

"""Where a lead comes from, and the stages that it was in."""

from collections.abc import Sequence

from .facts import NONE, UNKNOWN, Event, earliest, of_type

Stages = list[tuple[str, int]]


def origin(lead: Sequence[Event]) -> tuple[str, str, str]:
    """Return a lead's source, channel and campaign.

    "A lead's source, channel and campaign each come from the earliest `lead.created` that states it [...]; stated
    nowhere: `unknown` for the source if there is a `lead.created`, else `none`."
    """
    created = of_type(lead, "lead.created")
    stated = []
    for name in ("source", "channel", "campaign_id"):
        first = earliest([event for event in created if event.data.get(name)])
        missing = UNKNOWN if created and name == "source" else NONE
        stated.append(missing if first is None else first.label(name))
    source, channel, campaign = stated
    return (source, channel, campaign)


def stage_history(lead: Sequence[Event]) -> Stages:
    """Return a lead's stages with the times of entering them.

    "Stages in time order, equal neighbors collapsed, are the lead's stage history." "`lead.created` stands in the
    stage history as an entry into `lead` only if it is earlier than every `stage_changed` to `lead` (the earliest
    `lead.created` if there are several)."
    """
    entries = [(event.order, str(event.data["to"])) for event in of_type(lead, "lead.stage_changed")]
    created = earliest(of_type(lead, "lead.created"))
    if created is not None and all(created.order < order for order, stage in entries if stage == "lead"):
        entries.append((created.order, "lead"))
    history: Stages = []
    for order, stage in sorted(entries):
        if not history or history[-1][0] != stage:
            history.append((stage, order[0]))
    return history


def first_entries(history: Stages) -> dict[str, int]:
    """Return the time of the first entry into each stage."""
    firsts: dict[str, int] = {}
    for stage, at in history:
        if stage not in firsts:
            firsts[stage] = at
    return firsts

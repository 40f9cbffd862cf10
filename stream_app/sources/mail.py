"""What all mail services share: from one thing that happened to one message to our events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from stream_app.sources.fields import has_at_sign, identifier, label, mapping, text
from stream_app.sources.paths import parsed
from stream_app.sources.source import Context, Event, Incomplete, Missing, Outcome, Parked, SourceSettings

ARGS = ("lead_id", "program_id", "step_id", "campaign_id", "audience")
"""What a sender may put into the custom arguments of a message."""

AUDIENCES = frozenset({"prospect", "customer"})


class Campaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a campaign or tag of the mail service is with us."""

    program_id: str = ""
    """The program that its messages belong to."""
    step_id: str = ""
    """The step of the program."""
    campaign_id: str = ""
    """The campaign, if it is not the service's own."""
    audience: Literal["", "prospect", "customer"] = ""
    """Whom it goes to."""


class MailSettings(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `sources.toml` may say of a mail service."""

    args: dict[str, str] = msgspec.field(default_factory=dict)
    """Our field to the name of the custom argument that holds it, where the names differ."""
    campaigns: dict[str, Campaign] = msgspec.field(default_factory=dict)
    """A campaign or tag of the service to program and step: for messages without custom arguments."""
    derive_steps: bool = False
    """Make `program.enrolled` and `program.step_entered` out of the first `email.sent` of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Where a service has what an event cannot do without, for the reason why an item is parked."""

    time: str
    message: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One thing that happened to one message, in the words of the service; nothing of it is trusted."""

    source: str
    """The `source` of its events."""
    id: str
    """What makes it this event and no other; hashed where the contract does not take it."""
    type: str
    """Ours, without `email.`."""
    time: str | None
    message_id: str | None
    recipients: tuple[str, ...]
    names: Names
    args: Mapping[str, Any]
    """The custom arguments."""
    campaigns: tuple[str, ...] = ()
    """Campaigns and tags that the table of campaigns is searched for, in this order."""
    campaign_id: str | None = None
    """The campaign if neither arguments nor table name one."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More fields of `data`: `bounce`, `machine`."""
    sent_before: bool = False
    """The service has no event for `sent`: what happened proves it, at the time of the earliest proof."""


def mail_events(mail: Mail, context: Context[MailSettings]) -> list[Outcome]:
    """The events of one thing that happened to one message; parked if there is no time, message or person."""
    lead = lead_of(mail, context)
    if isinstance(lead, Parked):
        return [lead]
    if mail.time is None:
        return [Parked("time", mail.names.time)]
    if mail.message_id is None:
        return [Parked("message", mail.names.message)]
    known, dropped = _arguments(mail, context.settings)
    data = {"lead_id": lead, "message_id": mail.message_id, **known}
    outcomes: list[Outcome] = []
    if mail.sent_before:
        outcomes.append(_event(mail, f"sent:{mail.message_id}:{lead}", "email.sent", data))
    outcomes.append(_event(mail, mail.id, f"email.{mail.type}", {**data, **mail.extra}))
    if context.settings.derive_steps and (mail.sent_before or mail.type == "sent"):
        outcomes += _steps(mail, data)
    return [*outcomes, *(Incomplete(name) for name in dropped)]


def lead_of(mail: Mail, context: Context[MailSettings]) -> str | Parked:
    """The lead that the sender named, else that of the one address the message went to."""
    name = context.settings.args.get("lead_id", "lead_id")
    if named := text(mail.args.get(name)):
        return person_or_id(named, context) or Parked("lead", name)
    if len(mail.recipients) > 1:
        return Parked("many_recipients", mail.names.recipient)
    address = mail.recipients[0] if mail.recipients else ""
    return context.person(address) or Parked("address", mail.names.recipient)


def person_or_id(value: object, context: Context[Any]) -> str | None:
    """The lead id of an address, or an id as it is; None if it is neither."""
    found = text(value)
    if found is None:
        return None
    return context.person(found) if has_at_sign(found) else identifier(found)


def _arguments(mail: Mail, settings: MailSettings) -> tuple[dict[str, str], list[str]]:
    """What is known of program, step, campaign and audience, and what is not known of program and step.

    The arguments of the message count before the table of campaigns, that before what the service calls its campaign.
    """
    table = next((settings.campaigns[name] for name in mail.campaigns if name in settings.campaigns), Campaign())
    known: dict[str, str] = {}
    for name in ARGS[1:]:
        stated = label(mail.args.get(settings.args.get(name, name))) or label(getattr(table, name))
        if name == "campaign_id":
            stated = stated or label(mail.campaign_id)
        if stated and (name != "audience" or stated in AUDIENCES):
            known[name] = stated
    return known, [name for name in ("program_id", "step_id") if name not in known]


def _steps(mail: Mail, data: Mapping[str, str]) -> Iterator[Event]:
    """The same ids from every message of a step: of records with one id the earliest stands."""
    if "program_id" not in data or "step_id" not in data:
        return
    lead, program, step = data["lead_id"], data["program_id"], data["step_id"]
    enrollment = identifier(f"{lead}:{program}")
    entry = {"lead_id": lead, "program_id": program, "enrollment_id": enrollment}
    audience = {"audience": data["audience"]} if "audience" in data else {}
    yield _event(mail, f"enrolled:{lead}:{program}", "program.enrolled", {**entry, **audience})
    yield _event(mail, f"step:{lead}:{program}:{step}", "program.step_entered", {**entry, "step_id": step})


def _event(mail: Mail, event_id: str, kind: str, data: Mapping[str, Any]) -> Event:
    return {
        "specversion": "1.0",
        "id": identifier(event_id),
        "source": mail.source,
        "type": kind,
        "time": mail.time,
        "data": dict(data),
    }


def object_of(raw: bytes) -> Mapping[str, Any] | None:
    """The object in the bytes of an item; None if it is none, or an empty one."""
    return mapping(parsed(raw)) or None


MISSING_PROGRAM = (
    Missing(
        "program_id",
        "The message counts for no program: the Nurture board and `program` in all mail metrics show `none`.",
        "Send the custom argument `program_id`, or name the campaign or tag in the `campaigns` table.",
    ),
    Missing(
        "step_id",
        "The message counts for no step.",
        "Send the custom argument `step_id`, or name the campaign or tag in the `campaigns` table.",
    ),
    Missing(
        "enrollments",
        "The service knows no programs: the Nurture board stays empty.",
        "`derive_steps = true` makes enrollments and entries of steps out of the first message of a step. Exits stay "
        "unknown: after the step limit a lead counts as overdue.",
    ),
)
"""What no mail service sends."""

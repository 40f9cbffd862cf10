"""E-mail: messages by the state they reached, by the time they were sent, and every open and click."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .facts import Event, Fact, earliest, fact, grouped, of_type

STATES = ("sent", "delivered", "bounced", "soft_bounced", "opened", "clicked", "replied", "unsubscribed", "complained")


@dataclass(frozen=True)
class Message:
    """One message to a lead, with all its events."""

    events: tuple[Event, ...]

    def reached(self, *states: str) -> list[Event]:
        """Return the events of these states, human and machine."""
        return of_type(self.events, *(f"email.{state}" for state in states))

    def reached_by_human(self, *states: str) -> list[Event]:
        """Return the events of these states that are not `machine`."""
        return [event for event in self.reached(*states) if not machine(event)]

    def in_state(self, state: str) -> list[Event]:
        """Return the events by which it is in a state; for opened and clicked, human events only.

        "`bounced` are hard and unstated bounces; a message whose only bounces are soft is `soft_bounced`".
        """
        if state in ("opened", "clicked"):
            return self.reached_by_human(state)
        if state not in ("bounced", "soft_bounced"):
            return self.reached(state)
        soft = [event for event in self.reached("bounced") if event.data.get("bounce") == "soft"]
        hard = [event for event in self.reached("bounced") if event not in soft]
        if state == "bounced":
            return hard
        return [] if hard else soft

    @property
    def sent(self) -> Event | None:
        """Return its earliest `sent`."""
        return earliest(self.reached("sent"))

    @property
    def labels(self) -> dict[str, str]:
        """Return its labels: "A message's labels come from its `sent` event, without one from its earliest event"."""
        named = self.sent or earliest(self.events)
        assert named is not None  # a message is made of at least one event
        return {
            "program": named.label("program_id"),
            "step": named.label("step_id"),
            "audience": named.label("audience", "prospect"),
        }


def machine(event: Event) -> bool:
    """Tell whether a machine did it (default false)."""
    return bool(event.data.get("machine") or False)


def messages(events: Sequence[Event]) -> list[Message]:
    """Return all messages."""
    mails = [event for event in events if event.type.startswith("email.")]
    return [Message(tuple(own)) for own in grouped(mails, lambda event: event.thing).values()]


def email_messages(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_email_messages`.

    "a message reached a state, unique per message, dated at the first such event [...]; for opened and clicked, human
    events only".
    """
    for message in messages(events):
        for state in STATES:
            first = earliest(message.in_state(state))
            if first is not None:
                yield fact("lifecycle_email_messages", first.at, state=state, **message.labels)


def email_events(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_email_events`: "every distinct open and click event (not unique)"."""
    for message in messages(events):
        for kind in ("opened", "clicked"):
            for event in message.reached(kind):
                by = "true" if machine(event) else "false"
                program = message.labels["program"]
                yield fact("lifecycle_email_events", event.at, kind=kind, machine=by, program=program)


def email_cohort(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_email_cohort`.

    "the same states by SEND time: a message counts in the bucket of its `sent`; state `delivered` needs delivered,
    opened, clicked or replied (human or machine), `opened` counts if opened or clicked (human), `clicked` if clicked
    (human). Messages never sent are not in it".
    """
    for message in messages(events):
        sent = message.sent
        if sent is None:
            continue
        counts = {
            "sent": True,
            "delivered": bool(message.reached("delivered", "opened", "clicked", "replied")),
            "bounced": bool(message.in_state("bounced")),
            "soft_bounced": bool(message.in_state("soft_bounced")),
            "opened": bool(message.reached_by_human("opened", "clicked")),
            "clicked": bool(message.reached_by_human("clicked")),
            "replied": bool(message.reached("replied")),
            "unsubscribed": bool(message.reached("unsubscribed")),
            "complained": bool(message.reached("complained")),
        }
        for state, counted in counts.items():
            if counted:
                yield fact("lifecycle_email_cohort", sent.at, state=state, **message.labels)


def cohort_machine_opens(events: Sequence[Event]) -> Iterator[Fact]:
    """`lifecycle_email_cohort_machine_opens`.

    "messages by send time whose only opens were machine opens and that have no human click".
    """
    for message in messages(events):
        sent = message.sent
        opened, opened_by_human = message.reached("opened"), message.reached_by_human("opened")
        clicked_by_human = message.reached_by_human("clicked")
        if sent is not None and opened and not opened_by_human and not clicked_by_human:
            yield fact("lifecycle_email_cohort_machine_opens", sent.at, program=message.labels["program"])

"""Which topic an event belongs to, and under which key."""

from stream_app.demo.simulator.event_log import Data

_TOPICS = {
    "lead": ("lead", "lead_id"),
    "program": ("lead", "lead_id"),
    "email": ("email", "lead_id"),
    "opportunity": ("opportunity", "account_id"),
    "account": ("billing", "account_id"),
    "subscription": ("billing", "account_id"),
    "invoice": ("billing", "account_id"),
    "spend": ("spend", "spend_id"),
    "survey": ("survey", "respondent_id"),
    "reach": ("reach", "reach_id"),
}


def topic_family(event_type: str) -> str:
    """Return the last part of the name of the topic for this event type: "lead" for `program.exited`.

    Raises KeyError for an event type of no known family.
    """
    return _TOPICS[event_type.partition(".")[0]][0]


def record_key(envelope: Data) -> str:
    """Return the identifier of the entity that an envelope is about. Raises KeyError if it has none."""
    _, key = _TOPICS[envelope["type"].partition(".")[0]]
    return str(envelope["data"][key])

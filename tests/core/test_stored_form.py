"""What is stored of an entity without long timelines: the same comes back, in fewer bytes where something recurs."""

import random

import cramjam
import msgspec
import pytest

from stream_app.catalog.lead.state import Lead, ScoreRow
from stream_app.core.stored_form import compressed, encode_entity, entity_decoder

_decode = entity_decoder(Lead)


def _stored(lead: Lead) -> bytes:
    encoded, stays = encode_entity(lead)
    assert not stays
    return compressed(encoded)


def _lead(rows: int, source: str) -> Lead:
    return Lead("l", scores=[ScoreRow(at, "\x000", f"{at}\x00{source}", 1, "") for at in range(rows)])


def test_what_recurs_in_a_state_is_stored_once() -> None:
    lead = _lead(50, source="/a/source/with/a/long/name")
    stored = _stored(lead)
    assert _decode(stored) == lead
    assert len(stored) < len(msgspec.msgpack.encode(lead)) / 3


def test_a_short_state_is_plain_messagepack() -> None:
    lead = _lead(1, source="/a")
    stored = _stored(lead)
    assert stored == msgspec.msgpack.encode(lead)
    assert _decode(stored) == lead


def test_a_state_in_which_nothing_recurs_is_plain_messagepack() -> None:
    chance = random.Random(1)  # noqa: S311 - not a secret
    lead = Lead("".join(chr(chance.randrange(0x21, 0x7F)) for _ in range(400)))
    stored = _stored(lead)
    assert stored == msgspec.msgpack.encode(lead)
    assert _decode(stored) == lead


def test_what_is_cut_off_a_compressed_state_is_an_error() -> None:
    stored = _stored(_lead(50, source="/a"))
    for length in range(1, len(stored)):
        with pytest.raises((cramjam.DecompressionError, msgspec.DecodeError)):
            _decode(stored[:length])

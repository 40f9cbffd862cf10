"""Parts of an entity: as they are stored until somebody looks at them, and as they were left afterwards."""

from msgspec import Raw, Struct, msgpack

from stream_app.catalog.account.state import Account, InvoiceRow
from stream_app.core.parts import Part, in_parts

_ROW = InvoiceRow(5, "\x001", "a", "paid")
_ACCOUNT = Account("a", newest=5, invoices={"i": [_ROW]})


def _read(account: Account) -> Account:
    return msgpack.decode(msgpack.encode(account), type=Account)


def test_a_part_is_what_was_stored() -> None:
    account = _read(_ACCOUNT)
    assert account.invoices == {"i": [_ROW]}
    assert account.subscriptions == {}
    assert account.newest == 5


def test_a_part_that_was_altered_is_stored_so() -> None:
    account = _read(_ACCOUNT)
    account.invoices["j"] = [_ROW]
    again = _read(account)
    assert again.invoices == {"i": [_ROW], "j": [_ROW]}
    account.invoices = {}
    assert _read(account).invoices == {}


def test_a_part_that_nobody_looked_at_is_not_decoded() -> None:
    @in_parts
    class State(Struct, array_like=True):
        seen: Part[list[int]] = []
        unseen: Part[list[int]] = []

    # What is in the second part is no list of numbers: it would be an error to decode it.
    stored = msgpack.encode(([1], "text"))
    state = msgpack.decode(stored, type=State)
    state.seen.append(2)
    assert msgpack.decode(msgpack.encode(state)) == [[1, 2], "text"]


def test_a_state_is_equal_to_one_whose_parts_are_as_stored() -> None:
    assert _read(_ACCOUNT) == _ACCOUNT
    assert not _read(_ACCOUNT) != _ACCOUNT  # noqa: SIM202 - both operators are looked at
    assert _read(_ACCOUNT) == _read(_ACCOUNT)
    assert not _read(_ACCOUNT) == Account("a")  # noqa: SIM201 - as above
    assert _read(_ACCOUNT) != Account("a", newest=5)
    assert Account("a", newest=5) != _read(_ACCOUNT)


def test_a_field_that_is_no_part_is_read_as_before() -> None:
    @in_parts
    class State(Struct, array_like=True):
        number: int
        encoded: Raw

    state = msgpack.decode(msgpack.encode((1, [2])), type=State)
    assert (state.number, bytes(state.encoded)) == (1, msgpack.encode([2]))

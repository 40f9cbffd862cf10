"""Parts of an entity that stay as they are stored until something looks at them.

An event is about one part of an entity, mostly. To decode and encode the others would take longer than the event does.
"""

from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_type_hints

from msgspec import Raw, Struct, msgpack

__all__ = ["Part", "in_parts"]

Value = TypeVar("Value")
State = TypeVar("State", bound=type[Struct])

if TYPE_CHECKING:
    Part = Annotated[Value, "part"]
else:

    class Part:
        """The type of a field that is a part: for msgspec an encoded value, for those who look at it the value."""

        def __class_getitem__(cls, value: type) -> object:
            """A part with values of a type."""
            return Annotated[Raw, value]


def in_parts(state: State) -> State:
    """Class decorator: whoever looks at a `Part` of the state finds its value, which is decoded the first time.

    A part that nobody looked at is encoded as it was read. States are equal if their values are.
    """
    fields = state.__struct_fields__
    for name, hint in get_type_hints(state, include_extras=True).items():
        if get_args(hint)[:1] == (Raw,):
            setattr(state, name, _DecodedWhenFirstRead(getattr(state, name), hint.__metadata__[0]))

    def equal(one: Struct, other: object) -> bool:
        return type(one) is type(other) and all(getattr(one, name) == getattr(other, name) for name in fields)

    def unequal(one: Struct, other: object) -> bool:
        return not equal(one, other)

    # Struct has both: without the second one `!=` would compare what is encoded.
    state.__eq__, state.__ne__ = equal, unequal  # type: ignore[assignment]
    return state


class _DecodedWhenFirstRead:
    """Stands before the field of a struct, which msgspec reads and writes without asking it."""

    def __init__(self, field: Any, value: Any) -> None:  # noqa: ANN401 - a member of a struct, and a type
        self._read, self._write = field.__get__, field.__set__
        self._decode = msgpack.Decoder(value).decode

    def __get__(self, state: Struct | None, _: object = None) -> object:
        if state is None:
            return self
        value = self._read(state)
        if type(value) is Raw:
            value = self._decode(value)
            self._write(state, value)
        return value

    def __set__(self, state: Struct, value: object) -> None:
        self._write(state, value)

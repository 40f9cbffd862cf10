"""What somebody who mistyped a name may have meant."""

from collections.abc import Collection
from difflib import get_close_matches

_SUGGESTED = 3
_BEFORE_ALL_ARE_NAMED = 8


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Suggest names that are close to one; where none is, name all of them if they are few. "" if there is nothing."""
    lower = {each.lower(): each for each in sorted(known)}
    close = [lower[each] for each in get_close_matches(name.lower(), lower, _SUGGESTED)]
    # A part of a name is no close match of a long one.
    close += [each for each in sorted(known) if name and name.lower() in each.lower() and each not in close]
    if close:
        return f"Did you mean {' or '.join(close[:_SUGGESTED])}?"
    return f"There is {', '.join(sorted(known))}." if 0 < len(known) <= _BEFORE_ALL_ARE_NAMED else ""

"""What a setting is, for those who describe it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. `allowed` says in words which values are taken, `default` is the text of its default or empty."""

    name: str
    variable: str
    default: str
    allowed: str
    description: str
    secret: bool = False

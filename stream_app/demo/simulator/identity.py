"""Identifiers as the systems of a company would give them."""

_PRIME = 9_999_999_967
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def lead_id(seed: int, number: int) -> str:
    """Return the lead id of the contact with this number: eleven digits, no two alike among ten billion."""
    return str(50_000_000_000 + (number * 7_368_787_019 + seed * 104_729) % _PRIME)


def account_id(seed: int, number: int) -> str:
    """Return the account id of the contact with this number; no two alike among ten billion."""
    rest = (number * 4_827_100_003 + seed * 7919) % _PRIME
    digits = ""
    for _ in range(7):
        rest, digit = divmod(rest, len(_DIGITS))
        digits += _DIGITS[digit]
    return f"0015g{digits}"


def lead_number(index: int) -> int:
    """Return the contact number of the lead that came as the index-th (0 ...)."""
    return 2 * index


def base_number(index: int) -> int:
    """Return the contact number of the index-th account of the installed base (0 ...)."""
    return 2 * index + 1

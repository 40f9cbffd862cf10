"""How Prometheus writes the bounds of a distribution."""


def bound_label(seconds: int) -> str:
    """Return a bound as the exposition format's client libraries do: `604800.0`, and from 14 days on `1.2096e+06`."""
    if seconds < 1_000_000:  # noqa: PLR2004 - seven digits are where they begin to use an exponent
        return f"{seconds}.0"
    digits = str(seconds)
    return f"{digits[0]}.{digits[1:].rstrip('0')}e+{len(digits) - 1:02d}"

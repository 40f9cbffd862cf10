"""The settings, as the page about them shows them."""

from collections.abc import Mapping
from typing import Any

from stream_app.clients.settings import PREFIX, SECRETS, Settings
from stream_app.spec.setting import Setting

_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "pattern": "matches `{}`",
}


def described_settings() -> list[Setting]:
    """Every setting, in the order of its declaration."""
    properties = Settings.model_json_schema()["properties"]
    return [
        Setting(
            name=name,
            variable=PREFIX + name.upper(),
            default="" if field.default is None else str(field.default),
            allowed=_allowed(properties[name]),
            description=field.description or "",
            secret=name in SECRETS,
        )
        for name, field in Settings.model_fields.items()
    ]


def _allowed(schema: Mapping[str, Any]) -> str:
    """Which values a JSON Schema takes, in words."""
    kind = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    if "enum" in kind:
        return " ".join(f"`{value}`" for value in kind["enum"])
    limits = ", ".join(text.format(kind[name]) for name, text in _LIMITS.items() if name in kind)
    noun = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`"}.get(kind["type"], "text")
    noun = "path" if kind.get("format") == "file-path" else noun
    return f"{noun}, {limits}" if limits else noun

"""What commands have in common: settings as flags, moments, and how they fail."""

import ssl
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

import click
import orjson
import pydantic

from stream_app.clients.failures import failure
from stream_app.clients.settings import PREFIX, Settings
from stream_app.core.envelope import milliseconds

EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
"""A server that is needed does not answer (EX_UNAVAILABLE of sysexits.h)."""


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a message on standard error."""
    click.secho(message, fg="red", err=True)
    sys.exit(code)


def print_json(value: object) -> None:
    """Print for scripts."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `settings` as its first argument, and a flag for each of these settings.

    Trouble with the servers ends the command with a sentence that says what to do.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def wrapped(**given: Any) -> Any:  # noqa: ANN401 - click passes whatever the flags are
            settings = load({name: given.pop(name) for name in names})
            try:
                return command(settings, **given)
            except Exception as error:
                if advice := _advice(error, settings):
                    fail(advice, EXIT_UNAVAILABLE)
                if isinstance(error, ssl.SSLError):
                    fail(f"a certificate or key file cannot be used: {error.reason}", EXIT_USAGE)
                raise

        for name in reversed(names):
            field = Settings.model_fields[name]
            wrapped = click.option(
                f"--{name.replace('_', '-')}",
                name,
                envvar=PREFIX + name.upper(),
                show_envvar=True,
                help=f"{field.description}" + (f" [default: {field.default}]" if field.default is not None else ""),
            )(wrapped)
        return wrapped

    return decorate


def _advice(error: Exception, settings: Settings) -> str:
    """What to do about trouble with a server; "" if it is none."""
    if type(error).__name__ == "MissingTopicsError":  # its module imports a Kafka client, which takes a second
        return str(error)
    found = failure(error, settings)
    return str(found) if found else ""


def load(flags: dict[str, Any]) -> Settings:
    """Settings from flags, environment and files; a wrong one ends the process and is named."""
    try:
        return Settings.load(**flags)
    except pydantic.ValidationError as error:
        lines = [f"{PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        fail("\n".join(lines), EXIT_USAGE)
    except OSError as error:
        fail(f"cannot read a secret: {error.strerror}: {error.filename}", EXIT_USAGE)


def clock_at(fixed: datetime | None) -> Callable[[], int]:
    """A clock in epoch milliseconds, standing at `fixed` if there is one."""
    if fixed is None:
        return lambda: time.time_ns() // 1_000_000
    at = milliseconds(fixed)
    return lambda: at


class Moment(click.ParamType):
    """A moment with an offset, RFC 3339."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Parse it; naive ones are refused, because a guess would be wrong somewhere."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("expected a time such as 2026-03-02T09:14:00Z", param, ctx)
        if moment.tzinfo is None:
            self.fail("expected an offset, as in 2026-03-02T09:14:00Z or ...+02:00", param, ctx)
        return moment


AS_OF = click.option(
    "--as-of",
    type=Moment(),
    show_envvar=True,
    help="Read as if it were this time (RFC 3339). Its local day counts whole, for levels and for windows of days.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, show_envvar=True, help="Print JSON.")


def written_as(formats: Sequence[str], meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `output_format`, one of these and the first unless chosen, and `out`, the file to write."""
    chosen = click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        show_envvar=True,
        help=meaning,
    )
    written = click.option(
        "--out",
        type=click.File("wb", lazy=True),
        default="-",
        show_envvar=True,
        help="The file to write. [default: standard output]",
    )
    return lambda command: chosen(written(command))


KAFKA = (
    "kafka_url",
    "kafka_security",
    "kafka_sasl_mechanism",
    "kafka_username",
    "kafka_ca_file",
    "kafka_cert_file",
    "kafka_key_file",
)
REDIS = ("redis_url", "redis_username", "redis_sentinel_username", "redis_ca_file")
DEFINITIONS = (
    "timezone",
    "horizon_days",
    "step_limit_days",
    "program_credit_days",
    "follow_up_hours",
    "follow_up_days",
    "swap_grace_minutes",
)
SAMPLE_SETTINGS = ("timezone", "series_limit", "gross_margin")

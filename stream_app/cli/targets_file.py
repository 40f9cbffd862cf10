"""What commands have in common that read `targets.toml`, and how they end if it is wrong."""

from collections.abc import Iterator

from stream_app.admin.doctor import Finding
from stream_app.cli.options import EXIT_USAGE, fail
from stream_app.clients.settings import Settings
from stream_app.clients.toml_file import ConfigurationError
from stream_app.core.targets import Targets
from stream_app.exporter.targets import read_targets
from stream_app.monitoring.dashboards import WALL


def targets_of(settings: Settings) -> Targets:
    """What `targets.toml` says, or nothing where nobody has written one; a wrong file ends the process."""
    try:
        return _read(settings)
    except ConfigurationError as error:
        fail(str(error), EXIT_USAGE)


def diagnose_targets(settings: Settings) -> Iterator[Finding]:
    """What `doctor` says of `targets.toml`; nothing where nobody has written one."""
    try:
        targets = _read(settings)
    except ConfigurationError as error:
        for problem in error.problems:
            yield Finding("targets", "failed", problem, f"edit {settings.targets_file} # docs/wall.md shows one")
        return
    if targets:
        names = ", ".join(" ".join(filter(None, name)) for name in targets)
        yield Finding("targets", "ok", f"{settings.targets_file} has targets of {names}")


def _read(settings: Settings) -> Targets:
    """One that is named and is not there is wrong. Raises ConfigurationError."""
    path = settings.file("targets_file")
    return {} if path is None else read_targets(path, WALL)

"""`render`: the files that follow from the declarations."""

from pathlib import Path

import click

from stream_app.cli.alerts_file import alert_settings
from stream_app.cli.options import fail, with_settings
from stream_app.cli.rendered_files import stale, write
from stream_app.cli.rendering import installed_catalog, rendered
from stream_app.clients.settings import Settings
from stream_app.render.everything import OWNED, monitoring

_OWNED = tuple(glob for glob in OWNED if glob.startswith(("prometheus/", "grafana/")))


@click.command()
@with_settings("alerts_file")
@click.option("--check", is_flag=True, show_envvar=True, help="Write nothing; exit code 1 if a file is out of date.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_envvar=True,
    help="The repository [default: here].",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    show_envvar=True,
    help="Write what an installation reads into this folder instead, with what alerts.toml sets.",
)
def render(settings: Settings, *, check: bool, root: Path, out: Path | None) -> None:
    """Write everything that follows from the catalog: schemas, docs, rules, dashboards.

    With --out, only rules, Alertmanager's configuration and dashboards, for an installation.
    """
    if out is not None:
        files, owned = monitoring(installed_catalog(alert_settings(settings))), _OWNED
        root = out
    else:
        files, owned = rendered(), OWNED
    if check:
        if not any((root / path).is_file() for path in files):
            fail(f"{root.resolve()} is not the repository of stream-app: go there, or name it with --root", 2)
        if old := stale(files, root, owned):
            fail("out of date, run `stream-app render`:\n" + "\n".join(f"  {path}" for path in old))
        click.echo(f"{len(files)} files are up to date")
        return
    for path in write(files, root, owned):
        click.echo(path)

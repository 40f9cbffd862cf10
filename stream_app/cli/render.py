"""`render`: the files that follow from the declarations."""

from pathlib import Path

import click

from stream_app.cli.options import fail
from stream_app.cli.rendered_files import stale, write
from stream_app.cli.rendering import rendered


@click.command()
@click.option("--check", is_flag=True, show_envvar=True, help="Write nothing; exit code 1 if a file is out of date.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_envvar=True,
    help="The repository [default: here].",
)
def render(*, check: bool, root: Path) -> None:
    """Write everything that follows from the catalog: schemas, docs, rules, dashboards."""
    files = rendered()
    if check:
        if not any((root / path).is_file() for path in files):
            fail(f"{root.resolve()} is not the repository of stream-app: go there, or name it with --root", 2)
        if old := stale(files, root):
            fail("out of date, run `stream-app render`:\n" + "\n".join(f"  {path}" for path in old))
        click.echo(f"{len(files)} files are up to date")
        return
    for path in write(files, root):
        click.echo(path)

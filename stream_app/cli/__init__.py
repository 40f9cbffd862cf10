"""The command line: the only door. It wires the catalog into the runtime and the renderers."""

from stream_app.cli.main import main

__all__ = ["main"]

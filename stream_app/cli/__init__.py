"""The command line: one module per command, and the wiring of the catalog into the other rooms."""

from stream_app.cli.main import main

__all__ = ["main"]

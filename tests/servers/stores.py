"""Stores with options of their own, from the program that the embedded store is."""

from pathlib import Path

from stream_app.demo.embedded_servers import Server, accepts, redis_server


def program(directory: Path) -> str:
    """Return the path of the program. Raises MissingProgramError, which names the package, where there is none."""
    return redis_server(directory).command(0)[0]


def store_server(directory: Path, **options: str) -> Server:
    """Describe a store that saves nothing; `options` are those of its configuration, with underscores."""
    binary = program(directory)

    def command(port: int) -> list[str]:
        given = {"port": str(port), "bind": "127.0.0.1", "dir": str(directory), "save": "", **options}
        return [binary, *(word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value))]

    return Server("store", directory, command, accepts)

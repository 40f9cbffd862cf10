"""docs/redis.md: its addresses are understood, and a server that is set up by it is one that workers take."""

import re
from pathlib import Path

import pytest
from redis import Redis

from stream_app.clients.settings import Settings
from stream_app.clients.store_url import SCHEMES, StoreKind, parse
from stream_app.demo.embedded_servers import Server, accepts
from stream_app.store.eviction import NO_EVICTION, POLICY, eviction
from tests.servers.stores import program
from tests.shipping.pages import section, spans, text

PAGE = "docs/redis.md"
URLS = sorted({span for span in spans(PAGE) if re.match(r"rediss?(\+\w+)?://", span)})
SELF_RUN, SENTINEL = re.findall(r"^```conf\n(.*?)^```$", text(PAGE), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("url", [url for url in URLS if not url.endswith("://")])
def test_an_address_of_the_page_is_a_setting(url: str) -> None:
    assert Settings.load(redis_url=url).store == parse(url)


def test_the_page_shows_every_kind_of_address_and_every_scheme() -> None:
    assert {parse(url).kind for url in URLS if not url.endswith("://")} == set(StoreKind)
    assert [scheme for scheme in SCHEMES if not any(url.startswith(scheme) for url in URLS)] == []


def test_every_managed_service_has_an_address_a_policy_and_a_source() -> None:
    managed = section(PAGE, "Managed")
    rows = [row.strip("|").split("|") for row in re.findall(r"^\| (?!service|---).*\|$", managed, re.MULTILINE)]
    assert len(rows) > 6
    assert [row[0] for row in rows if len(row) != 4 or not row[1].strip() or not row[2].strip()] == []
    used = set(re.findall(r"\]\[([\w-]+)\]", managed))
    assert used == set(re.findall(r"^\[([\w-]+)\]: https://", managed, re.MULTILINE))


def test_a_server_that_is_set_up_by_the_page_evicts_nothing(tmp_path: Path) -> None:
    assert f"{POLICY} {NO_EVICTION}" in SELF_RUN
    with _server(tmp_path, SELF_RUN) as server, Redis(port=server.port) as client:
        assert eviction(client).cause is None
        assert client.info("persistence")["aof_enabled"] == 1


def test_sentinels_that_are_set_up_by_the_page_know_its_service(tmp_path: Path) -> None:
    (service,) = {parse(url).service for url in URLS if "+sentinel" in url and not url.endswith("://")}
    with _server(tmp_path, SENTINEL, "--sentinel") as server, Redis(port=server.port) as client:
        assert client.sentinel_get_master_addr_by_name(service) == (b"127.0.0.1", 6379)


def _server(directory: Path, configuration: str, *arguments: str) -> Server:
    file = directory / "server.conf"

    def command(port: int) -> list[str]:
        file.write_text(f"port {port}\nbind 127.0.0.1\ndir {directory}\n{configuration}")
        return [program(directory), str(file), *arguments]

    return Server("server", directory, command, accepts)

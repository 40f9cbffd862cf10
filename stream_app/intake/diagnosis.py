"""What `doctor` says of a gateway and its sources; nothing where nobody has set up any."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stream_app.admin import topics
from stream_app.admin.doctor import Finding
from stream_app.admin.log_reader import read_log
from stream_app.clients.settings import Settings
from stream_app.intake.configuration import Configuration, ConfigurationError, read_configuration
from stream_app.intake.identity_key import identity_key_path, read_identity_key
from stream_app.intake.inbox import inbox_item, inbox_topic
from stream_app.intake.status import Counted, counted, gateway_metrics
from stream_app.sources.export import Export
from stream_app.sources.source import Item, Source

__all__ = ["accounts_are_joined", "diagnose_sources"]

_TIMEOUT_S = 5.0
_NEWEST_RECORDS = 100
_ACCOUNT = "account_id"
_MERGES = "account.merged"
_CHECK = "stream-app sources check"
# A version begins with its date.
_DATE = len("2025-02-24")


def diagnose_sources(
    settings: Settings, declared: Mapping[str, Source[Any]], exports: Iterable[Export[Any]]
) -> Iterator[Finding]:
    """Findings about `sources.toml`, its secrets, the gateway on this machine, and how it is reached from outside."""
    path = Path(settings.sources_file)
    if not path.exists():
        return
    try:
        configuration = read_configuration(path, declared, exports)
        key = read_identity_key(identity_key_path(settings, path))
    except ConfigurationError as error:
        for problem in error.problems:
            yield Finding("sources", "failed", problem, _CHECK)
        return
    names = ", ".join(sorted(configuration.sources)) or "none"
    yield Finding("sources", "ok", f"{names}; identity key {key.fingerprint}")
    page = gateway_metrics(settings)
    if page is None:
        where = f"{settings.host}:{settings.gateway_metrics_port}"
        yield Finding("gateway", "warning", f"none answers on {where}", "stream-app gateway")
    else:
        yield Finding("gateway", "ok", f"one of ours answers on {settings.host}:{settings.gateway_metrics_port}")
        yield from accounts_are_joined(counted(page))
    yield from _reached(configuration)
    versioned = [each.source for each in configuration.sources.values() if each.source.version is not None]
    if versioned:
        yield from _versions(versioned, _newest_records(settings))


def _versions(sources: Iterable[Source[Any]], records: Iterable[Any]) -> Iterator[Finding]:
    """Whether the newest whole item of each source follows a version of its vendor's API that has all that is read."""
    newest = _newest_items(records)
    for source in sources:
        item = newest.get(source.name)
        version = source.version(item) if item is not None and source.version is not None else ""
        if not version:
            continue
        check = f"{source.name} version"
        if version[:_DATE] <= source.newest_version[:_DATE]:
            yield Finding(check, "ok", f"the last item follows {version}")
        else:
            detail = f"the last item follows {version}, which lacks what {source.newest_version} has"
            fix = f"stream-app sources # docs/sources/{source.name}.md says where to choose the version"
            yield Finding(check, "warning", detail, fix)


def _newest_items(records: Iterable[Any]) -> Mapping[str, Item]:
    """The whole item that was received last, by source."""
    newest: dict[str, Item] = {}
    for found in filter(None, map(inbox_item, records)):
        before = newest.get(found.source)
        if not found.is_note and found.is_whole and (before is None or before.received <= found.item.received):
            newest[found.source] = found.item
    return newest


def _newest_records(settings: Settings) -> list[Any]:
    """The newest records of the inbox; none where it cannot be read."""
    try:
        begins, ends = (offsets(settings, [inbox_topic(settings)]) for offsets in (topics.begins, topics.ends))
        filled = {partition: end for partition, end in ends.items() if end > begins[partition]}
        firsts = {partition: max(end - _NEWEST_RECORDS, begins[partition]) for partition, end in filled.items()}
        return list(read_log(settings, filled, firsts))
    except (topics.MissingTopicsError, *topics.KAFKA_ERRORS):
        return []


def accounts_are_joined(counts: Mapping[str, Counted]) -> Iterator[Finding]:
    """Whether what a gateway has counted of subscriptions names the accounts that the CRM names."""
    merges = sum(each.events[_MERGES] for each in counts.values())
    for name, each in counts.items():
        if each.incomplete[_ACCOUNT] and not merges:
            yield Finding(
                "accounts",
                "warning",
                f"{each.incomplete[_ACCOUNT]:,} subscriptions of {name} name no account of yours: with a CRM a company "
                "is two accounts, and a customer counts twice",
                f"stream-app sources # says what to set at {name}",
            )


def _reached(configuration: Configuration) -> Iterator[Finding]:
    """Whether a GET of each source's public URL reaches a gateway; it takes nothing that way."""
    public_url = configuration.gateway.public_url
    if not public_url:
        fix = "edit public_url of [gateway] in sources.toml # the URL that senders use, without /in/..."
        yield Finding("public url", "warning", "none is set: nobody has looked whether senders reach a gateway", fix)
        return
    for name in configuration.sources:
        url = f"{public_url.rstrip('/')}/in/{name}"
        if (problem := _problem(url)) is None:
            yield Finding("public url", "ok", f"{url} answers")
        else:
            yield Finding("public url", "warning", f"{url}: {problem}", f"curl -i {url} # 200 from a gateway")
            # The others are behind the same proxy.
            return


def _problem(url: str) -> str | None:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(parts.netloc, timeout=_TIMEOUT_S)) as connection:
            connection.request("GET", parts.path)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return None if status == http.client.OK else f"answers {status}"

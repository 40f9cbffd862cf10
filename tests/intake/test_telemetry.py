"""The labels of a gateway's metrics are few, whatever adapters say."""

from prometheus_client.parser import text_string_to_metric_families

from stream_app.clients.http import Request, metrics_route
from stream_app.intake.mapping import Mapped
from stream_app.intake.status import counted
from stream_app.intake.telemetry import OTHER, GatewayTelemetry
from stream_app.sources.source import Item


def page(telemetry: GatewayTelemetry) -> str:
    return metrics_route(telemetry.registry)(Request({})).body.decode()


def test_words_beyond_the_first_hundred_are_one_label() -> None:
    telemetry = GatewayTelemetry(["plain"])
    item = Item("1", b"", 0)
    for number in range(150):
        mapped = Mapped(item, parked=(f"reason {number}: detail {number}",), incomplete=(f"field {number}",))
        telemetry.taken("plain", [mapped], 0.1)
        telemetry.refused("plain", f"why {number}")
    found = {family.name: family for family in text_string_to_metric_families(page(telemetry))}
    for name, label in (("parked", "reason"), ("incomplete", "field"), ("signature_failures", "reason")):
        samples = [each for each in found[f"stream_app_source_{name}"].samples if each.name.endswith("_total")]
        assert len(samples) == 101
        assert {each.labels[label]: each.value for each in samples}[OTHER] == 50
        assert not any("detail" in each.labels[label] for each in samples)


def test_the_page_is_read_as_it_was_counted() -> None:
    telemetry = GatewayTelemetry(["plain", "other"])
    telemetry.answered("plain", 200)
    telemetry.answered("plain", 503)
    telemetry.refused("plain", "no signature")
    telemetry.taken("plain", [Mapped(Item("1", b"", 0), incomplete=("campaign", "campaign"))], 0.1)
    found = counted(page(telemetry))
    assert found.keys() == {"plain", "other"}
    plain = found["plain"]
    assert (plain.requests, plain.refused, plain.incomplete) == (
        {"200": 1, "503": 1},
        {"no signature": 1},
        {"campaign": 2},
    )
    assert plain.last > 0
    assert found["other"].last == 0

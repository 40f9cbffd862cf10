"""A seeded world of B2B lifecycle events: the same plan, the same bytes."""

from stream_app.demo.simulator.bad_records import bad_records
from stream_app.demo.simulator.disorder import disorder
from stream_app.demo.simulator.fault_injection import FaultInjection
from stream_app.demo.simulator.plan import SCENARIOS, Plan
from stream_app.demo.simulator.record import Record, records
from stream_app.demo.simulator.timeline import history, live
from stream_app.demo.simulator.topic import record_key, topic_family

__all__ = [
    "SCENARIOS",
    "FaultInjection",
    "Plan",
    "Record",
    "bad_records",
    "disorder",
    "history",
    "live",
    "record_key",
    "records",
    "topic_family",
]

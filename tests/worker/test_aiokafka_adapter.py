"""The private names of aiokafka that the adapter uses exist, and no other file uses any."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import aiokafka
import aiokafka.client
import aiokafka.cluster
import pytest
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.protocol.group import JoinGroupRequest

import stream_app
from stream_app.worker import aiokafka_adapter

# Names that begin with an underscore, and public ones of classes that are not part of aiokafka's interface.
_NAMES: dict[type, tuple[str, ...]] = {
    aiokafka.AIOKafkaConsumer: ("_client", "_closed", "_coordinator", "_fetcher", "_subscription"),
    aiokafka.client.AIOKafkaClient: ("_get_conn", "cluster", "force_metadata_update", "get_random_node", "send"),
    aiokafka.cluster.ClusterMetadata: ("broker_metadata", "leader_for_partition"),
    fetcher.Fetcher: (
        "_closed",
        "_create_fetch_waiter",
        "_proc_fetch_request",
        "_records",
        "_subscriptions",
        "close",
        "fetched_records",
    ),
    fetcher.FetchResult: ("_partition_records", "has_more"),
    fetcher.PartitionRecords: ("_consumer_record", "_records"),
    JoinGroupRequest: ("_group_protocols", "_member_id"),
    group_coordinator.GroupCoordinator: (
        "_assignors",
        "_coordination_task",
        "_get_metadata_snapshot",
        "_group_instance_id",
        "_group_subscription",
        "_heartbeat_task",
        "_maybe_leave_group",
        "_metadata_snapshot",
        "_rejoin_needed_fut",
        "_send_req",
        "_stop_heartbeat_task",
        "check_errors",
        "coordinator_id",
        "generation",
        "group_id",
        "member_id",
        "request_rejoin",
    ),
    subscription_state.SubscriptionState: ("reassignment_in_progress", "subscription", "topics", "wait_for_assignment"),
    subscription_state.Subscription: ("assignment",),
    subscription_state.Assignment: ("state_value", "tps"),
    subscription_state.TopicPartitionState: (
        "has_valid_position",
        "highwater",
        "lso",
        "paused",
        "position",
        "timestamp",
    ),
}


def _attributes(tree: ast.AST) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _has(cls: type, name: str) -> bool:
    """Whether objects of a class have the name: as a member of it, or assigned to `self` in its source."""
    source = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    assigned = (node.attr for node in _attributes(source) if isinstance(node.ctx, ast.Store) and _is_own(node))
    return hasattr(cls, name) or name in assigned


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for cls, names in _NAMES.items() for name in names])
def test_the_installed_aiokafka_has_the_name(cls: type, name: str) -> None:
    assert _has(cls, name), f"aiokafka {aiokafka.__version__}: {cls.__name__} has no {name} any more"


def test_a_name_that_does_not_exist_is_noticed() -> None:
    assert not _has(aiokafka.AIOKafkaConsumer, "_no_such_name")


def test_every_private_name_in_the_adapter_is_checked() -> None:
    tree = ast.parse(inspect.getsource(aiokafka_adapter))
    used = {node.attr for node in _attributes(tree) if _is_private(node.attr) and not _is_own(node)}
    assert used == {name for names in _NAMES.values() for name in names if _is_private(name)}


def test_no_other_file_of_the_worker_uses_a_private_name_of_another_object() -> None:
    found = {}
    for path in (Path(stream_app.__file__).parent / "worker").glob("*.py"):
        own = {"self", "cls"}
        for node in _attributes(ast.parse(path.read_text())):
            private = _is_private(node.attr) and not (isinstance(node.value, ast.Name) and node.value.id in own)
            if private and ast.unparse(node.value) != "super()" and path.name != "aiokafka_adapter.py":
                found[f"{path.name}:{node.lineno}"] = node.attr
    assert found == {}

"""What the tests of faults are tried with: that of the system's tests."""

import gc
import warnings

import pytest

from tests.system.conftest import crash_installation, installation, small_set

__all__ = ["crash_installation", "installation", "small_set"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here as slow; ignore that kafka-python leaves sockets open to brokers that are away."""
    for item in items:
        if item.path.parent.name == "faults":
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


def pytest_sessionfinish() -> None:
    """Collect what the logs of the last test held of those sockets, before pytest does it with warnings as errors."""
    with warnings.catch_warnings(action="ignore"):
        gc.collect()

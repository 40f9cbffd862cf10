"""What the tests of faults are tried with: that of the system's tests."""

from tests.system.conftest import crash_installation, installation, small_set

__all__ = ["crash_installation", "installation", "small_set"]

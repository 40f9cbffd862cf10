"""Faults that take several servers and long: `make test-faults` runs them, `make test` does not."""

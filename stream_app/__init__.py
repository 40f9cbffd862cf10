"""A real-time B2B lifecycle monitor whose numbers depend only on the set of events."""

__version__ = "0.1.0"

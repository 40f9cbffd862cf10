"""A real-time B2B lifecycle monitor whose numbers depend only on the set of events."""

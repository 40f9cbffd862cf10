"""What an event does: envelope, entity merge, facts, cells, windows, readings. Pure: no clock, no I/O, no randomness."""

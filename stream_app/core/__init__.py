"""What an event does: envelope, merge, facts, cells, windows, readings. Pure: no clock, no I/O, no randomness."""

"""What an event does: envelope, merge, facts, cells, windows, samples. Pure: no clock, no I/O, no randomness."""

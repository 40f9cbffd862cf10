"""Laws of the fold, on random sets of events."""

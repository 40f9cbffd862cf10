"""What is kept in Redis: the ledger that writes it and the readers of it."""

"""What Prometheus scrapes and what the wall shows."""

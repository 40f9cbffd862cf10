"""`alerts.toml` and Alertmanager: who is notified of what, and whether it arrives."""

"""Who is notified of alerts, and whether it arrives."""

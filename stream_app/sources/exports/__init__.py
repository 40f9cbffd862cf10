"""History: rows of exports to the same events that webhooks become."""

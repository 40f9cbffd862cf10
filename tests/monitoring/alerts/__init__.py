"""Alerts: what they say, whether they tell a failure from a quiet night, and whether what they read is there."""

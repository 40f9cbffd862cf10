"""Shared ways to the world: settings, connections, credentials, retries, HTTP, quiet logs."""

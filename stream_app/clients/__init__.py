"""Shared ways to the world: settings, connections, credentials, retries, HTTP, log rate limit."""

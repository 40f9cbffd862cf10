"""Adapters of sources, each by its payloads."""

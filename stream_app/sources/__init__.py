"""Adapters: from what the tools of others post to our events. Pure: no clock, no world, no catalog."""

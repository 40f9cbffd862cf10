"""Units of the core: each on its own, without a server."""

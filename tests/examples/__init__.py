"""The worked examples of the catalog, and what must hold between its numbers."""

"""The worked examples of the catalogue, and what must hold between its numbers."""

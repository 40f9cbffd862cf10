"""The recipes of CONTRIBUTING.md, each followed once in a copy of the repository."""

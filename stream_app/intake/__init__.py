"""The way in: sources.toml, the gateway and its inbox, imports of history, and what is mapped again."""

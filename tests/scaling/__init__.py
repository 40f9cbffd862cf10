"""The design of docs/scaling.md as a model: a namespace spread over several shards."""

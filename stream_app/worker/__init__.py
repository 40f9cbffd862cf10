"""From a partition of Kafka to a commit: read in batches, decode, fold, commit."""

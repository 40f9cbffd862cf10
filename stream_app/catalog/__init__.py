"""What is measured: event types, entities, metrics and ratios, as declarations on top of `core`."""

"""The bench, as far as it can be judged without measuring anything."""

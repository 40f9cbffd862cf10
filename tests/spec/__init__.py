"""The vocabulary of declarations: what it accepts, and what it refuses."""

"""The demo: its servers and its simulated company."""

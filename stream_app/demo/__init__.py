"""The product on one machine without Docker: embedded servers and a simulated company."""

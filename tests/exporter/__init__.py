"""The exporter's families and the wall's values, on a real Redis."""

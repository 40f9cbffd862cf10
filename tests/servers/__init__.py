"""Servers that only tests and benches start: real Apache Kafka, and Tansu."""

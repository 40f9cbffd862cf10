"""The dashboards and the wall: their structure, their queries on a real Prometheus, their page in a real browser."""

"""What is watched: dashboards and alerts, on real Prometheus tools."""

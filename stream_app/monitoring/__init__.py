"""What is watched: dashboards, alerts and their thresholds, declared over the catalog's metrics."""

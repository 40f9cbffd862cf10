"""Grafana's units that panels and conditions are shown in."""

COUNT = "locale"
RATIO = "percentunit"
SECONDS = "s"
LASTING = "dtdurations"
TIMES = "none"

"""The house's own catalog, and where its files lie."""

from pathlib import Path

from stream_app.cli.rendering import CATALOG

__all__ = ["CATALOG", "ROOT"]

ROOT = Path(__file__).resolve().parents[2]

"""The house's own catalogue, and where its files lie."""

from pathlib import Path

from stream_app.cli.catalogue import CATALOGUE

__all__ = ["CATALOGUE", "ROOT"]

ROOT = Path(__file__).resolve().parents[2]

"""Tests of stream_app.store."""

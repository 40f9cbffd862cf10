"""Tests of stream_app.runtime."""

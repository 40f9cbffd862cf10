"""Tests of stream_app.worker."""

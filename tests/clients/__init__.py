"""Tests of stream_app.clients."""

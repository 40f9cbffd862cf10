"""Tests of stream_app.admin."""

"""Tests of stream_app."""

"""Tests of the review of a month."""

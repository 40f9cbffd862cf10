"""Inputs after public bug reports of people who do this job, each with the numbers that are right."""

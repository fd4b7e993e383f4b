"""Whole days of attacks in simulated time, against the flows with the default settings."""

"""Attacks played through in simulated time, against the flows themselves: `python -m tools.simulation`."""

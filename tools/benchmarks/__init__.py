"""What a sign-in costs: `python -m tools.benchmarks`. docs/performance.md explains what is printed."""

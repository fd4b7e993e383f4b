"""What a sign-in costs: `python -m tools.benchmarks`. docs/performance.md says what is printed and what it means."""

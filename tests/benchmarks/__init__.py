"""What things cost. Never run as tests."""

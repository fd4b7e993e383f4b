"""Users by handle."""

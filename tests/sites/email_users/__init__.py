"""Users by email address."""

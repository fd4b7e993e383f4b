"""Messages: from a saved row to a provider, and back."""

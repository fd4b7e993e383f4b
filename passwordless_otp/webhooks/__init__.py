"""What providers report about messages."""

"""How often anything may happen."""

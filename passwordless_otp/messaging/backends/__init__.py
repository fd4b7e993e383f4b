"""Delivery backends: the interface in `base`, and one module for each provider. They know nothing of the rest."""

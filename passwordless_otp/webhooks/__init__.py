"""Webhooks: what providers report about messages. A report never decides who may sign in."""

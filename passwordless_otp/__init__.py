"""Sign-up and sign-in with one-time codes by email and SMS."""

__version__ = "0.1.0"

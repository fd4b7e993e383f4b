"""Somebody proves an email address that stands in the email field of a user who existed before."""

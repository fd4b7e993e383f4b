"""Whole Django projects with the app: plain ones, and ones with other people's packages."""

"""The demo site: `python manage.py demo`. It is not part of the installed package."""

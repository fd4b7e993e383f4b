"""A site that shows the app: `python manage.py demo`. Nothing here is installed with the package."""

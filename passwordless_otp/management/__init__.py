"""What an operator types: `manage.py otp_…`."""

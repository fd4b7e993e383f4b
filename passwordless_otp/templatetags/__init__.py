"""`{% load passwordless_otp %}`."""

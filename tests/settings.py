"""Settings of the tests: SQLite in a file, or the database that DATABASE_URL names."""

import os
import tempfile
from pathlib import Path

import django

from tools.site import settings as shared

INSTALLED_APPS, MIDDLEWARE, TEMPLATES = shared.INSTALLED_APPS, shared.MIDDLEWARE, shared.TEMPLATES
LOGIN_URL, LOGIN_REDIRECT_URL = shared.LOGIN_URL, shared.LOGIN_REDIRECT_URL
STATIC_URL, USE_TZ = shared.STATIC_URL, shared.USE_TZ

FOLDER = Path(tempfile.gettempdir()) / f"passwordless_otp-tests-{os.getuid()}"
FOLDER.mkdir(exist_ok=True)

SECRET_KEY = "tests only"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost", "example.com"]

if os.environ.get("DATABASE_URL"):
    import dj_database_url

    DATABASES = {"default": dj_database_url.config(conn_max_age=0)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / f"db-{os.getpid()}.sqlite3",
            "TEST": {"NAME": str(FOLDER / f"test-{os.getpid()}.sqlite3")},
            "OPTIONS": {
                "init_command": "PRAGMA synchronous=OFF",  # no test needs the disk to have it
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
            },
        }
    }

if os.environ.get("SERVE_DATABASE"):  # the workers of a test look at the test's own database
    DATABASES["default"]["NAME"] = os.environ["SERVE_DATABASE"]

ROOT_URLCONF = "tests.urls"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

PASSWORDLESS_OTP = {
    "DELIVERY": {
        "email": [{"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}],
        "sms": [{"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}],
    },
    "DISPATCH": "blocking",
    "PUBLIC_URL": "https://example.com",
}

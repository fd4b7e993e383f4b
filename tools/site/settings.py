"""Settings of the site that is measured: close to a production site, with every limit and protection on.

`tests.settings` imports the apps, middleware and templates from here.

Environment variables: `TOOLS_DATABASE` is the URL of the database; without it, SQLite is used in memory.
`TOOLS_DISPATCH` is the DISPATCH setting. `TOOLS_MAIL` is a folder for sent mail; without it, mail is kept in
memory.
"""

import os
from typing import Any

import django

SECRET_KEY = "used by the tools only"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
USE_TZ = True

# Connections are kept: with CONN_MAX_AGE = 0, connecting to PostgreSQL would take half of the time.
_database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "CONN_MAX_AGE": None}
if os.environ.get("TOOLS_DATABASE"):
    import dj_database_url  # not needed by the quick tests, which import this module

    _database = dict(dj_database_url.config("TOOLS_DATABASE", conn_max_age=None))
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
DATABASES = {"default": _database}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "passwordless_otp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
ROOT_URLCONF = "tools.site.urls"
STATIC_URL = "/static/"
LOGIN_URL = "passwordless_otp:sign_in"
LOGIN_REDIRECT_URL = "/"

_mail = (
    "tools.site.mail.FolderBackend"
    if os.environ.get("TOOLS_MAIL")
    else "django.core.mail.backends.locmem.EmailBackend"
)
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _mail}}
else:
    EMAIL_BACKEND = _mail

PASSWORDLESS_OTP = {
    "DISPATCH": os.environ.get("TOOLS_DISPATCH", "blocking"),
    "PUBLIC_URL": "https://example.com",
    "TRUSTED_PROXIES": 1,
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django": {"level": "ERROR"}, "passwordless_otp": {"level": "ERROR"}},
}

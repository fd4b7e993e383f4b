"""What a site may name in PASSWORDLESS_OTP, for tests."""

import time

from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import base
from passwordless_otp.users import create_user

recorded = []
asked = []
requests = []  # with who was signed in


def record(message_id):
    """A DISPATCH that only takes notes."""
    recorded.append(message_id)


def create_with_plan(**given):
    user = create_user(**given)
    user.last_name = given["unsafe_metadata"]["plan"]
    user.save()
    return user


def create_and_break(**given):
    create_user(**given)
    raise RuntimeError("broken hook")


def create_fixed(**given):
    return get_user_model().objects.create_user("fixed")


class KnowsNobody:
    """An authentication backend for other people."""

    def get_user(self, user_id):
        return None


class Shouting(base.Backend):
    """A provider's library that puts the whole message into its exception."""

    def send(self, message):
        raise RuntimeError(f"could not send {message.text}")


def human(request, given, ip):
    """A BOT_CHECK that believes who says so."""
    asked.append((given, ip))
    return given.get("proof") == "human"


def robot(request, given, ip):
    """A BOT_CHECK that fails, with all it knows in its exception."""
    raise ConnectionError(f"token {given}")


def answer(request, given, ip):
    """A BOT_CHECK that hands on what it was told, by mistake."""
    return {"success": False}


def down(message_id):
    """A DISPATCH whose queue can't be reached."""
    raise ConnectionError


class Raises(base.Backend):
    """A provider that raises what it is told to."""

    def __init__(self, name):
        self.name = name

    def send(self, message):
        kind = getattr(base, self.name, None)
        raise kind("bad number") if kind else ZeroDivisionError


class Takes(base.Backend):
    """A provider that takes what it gets, after so many seconds."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def send(self, message):
        time.sleep(self.seconds)
        return base.Receipt(f"{message.id}")


class Secretive(base.Backend):
    """A provider whose library puts credentials and the text into its exception."""

    def send(self, message):
        raise RuntimeError(f"token-123 {message.to} {message.text}")


def human_once(request, given, ip):
    """A BOT_CHECK whose provider takes each token once."""
    asked.append((given, ip))
    return len(asked) == 1


def keep_requests(get_response):
    """A middleware that looks who is signed in, as many do, and keeps the requests it has handed on."""

    def middleware(request):
        requests.append((request, request.user.is_authenticated, request.headers, request.COOKIES))
        return get_response(request)

    return middleware

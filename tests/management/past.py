"""Rows as they were made some time ago: with the keys of that time."""

from datetime import timedelta
from uuid import UUID

from passwordless_otp.models import Counter, Flow, Message, UnlockGrant, Verification
from passwordless_otp.models.base import uuid7


def key_of(at):
    return UUID(int=int(at.timestamp() * 1000) << 80 | uuid7().int & (1 << 80) - 1)


def flow(at, status="open", **fields):
    if status == "complete":
        fields |= {"completed_at": at}
    fields = {"purpose": "sign_in", "client": key_of(at).hex, **fields}
    times = {"created_at": at, "expires_at": at + timedelta(days=1)}
    return Flow.objects.create(id=key_of(at), status=status, **{**times, **fields})


def verification(flow, **fields):
    at = flow.created_at
    times = {"prepared_at": at, "last_sent_at": at, "expires_at": at + timedelta(minutes=10)}
    fields = {"kind": "email_address", "value": "kim@example.com", "max_tries": 5, **times, **fields}
    return Verification.objects.create(id=key_of(at), flow=flow, **fields)


def message(at, verification=None, **fields):
    fields = {"kind": "sign_in", "channel": "email", "status": "sent", "claimed_at": at, **fields}
    return Message.objects.create(id=key_of(at), verification=verification, created_at=at, **fields)


def unlock_mail(at):
    return message(at, kind="unlock", to="kim@example.com")


def notice(at, user, **fields):
    return message(at, kind="security_notice", user=user, to="jane@example.com", **fields)


def grant(message, expires_at):
    times = {"granted_at": expires_at - timedelta(hours=1), "expires_at": expires_at}
    return UnlockGrant.objects.create(message=message, identifier="i", client=key_of(expires_at).hex, **times)


def counter(expires_at):
    window = int(expires_at.timestamp())
    return Counter.objects.create(key="k", window=window, count=1, limit=9, expires_at=window)

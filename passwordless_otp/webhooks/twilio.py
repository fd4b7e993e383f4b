"""Delivery reports of Twilio, at a URL that holds the message's id.

Only what Twilio has signed for that public URL is believed; the rest is answered with 403. A report moves the
message's status forward and changes nothing else.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict

from passwordless_otp import clients, conf
from passwordless_otp.messaging import routes
from passwordless_otp.messaging.backends.twilio import TwilioAccount
from passwordless_otp.models import Message
from passwordless_otp.models.messages import MessageStatus

MAX_BODY = 16 * 1024  # bytes: ten times what Twilio sends
MAX_PARAMETERS = 100
SIGNATURE, SIGNATURE_SETTINGS = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"
READ = ["AccountSid", "MessageSid", "MessageStatus", "ErrorCode"]
STATUSES = {
    **dict.fromkeys(["queued", "accepted", "sending", "sent"], MessageStatus.SENT),
    **dict.fromkeys(["delivered", "read"], MessageStatus.DELIVERED),
    **dict.fromkeys(["undelivered", "failed", "canceled"], MessageStatus.FAILED),
}


def report(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Apply a signed report. One that says nothing new is answered alike, or Twilio would send it again."""
    try:
        parameters = _parameters(request.read(MAX_BODY + 1))
    except (OSError, ValueError):
        return HttpResponse(status=400)
    senders = [account for account in _accounts() if account.sid == parameters.get("AccountSid")]
    if not any(_signed(request, parameters, account) for account in senders):
        return HttpResponse(status=403)
    word, sid = parameters.get("MessageStatus", ""), parameters.get("MessageSid", "")
    if word in STATUSES and re.fullmatch("[A-Za-z0-9]{3,64}", sid):
        status = STATUSES[word]
        reason = _reason(word, parameters.get("ErrorCode", "")) if status == MessageStatus.FAILED else ""
        Message.objects.report(message_id, status, sid, reason)
    return HttpResponse(status=204)


def _parameters(body: bytes) -> MultiValueDict[str, str]:
    """Return the posted form. Raises `ValueError` for one that is too large, not UTF-8 or ambiguous.

    The parameters that are read may stand there once only: the signature does not cover repetitions.
    """
    if len(body) > MAX_BODY:
        raise ValueError("too large")
    pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    parameters: MultiValueDict[str, str] = MultiValueDict()
    for name, value in pairs:
        parameters.appendlist(name, value)
    if any(len(parameters.getlist(name)) > 1 for name in READ):
        raise ValueError("ambiguous")
    return parameters


def _accounts() -> Iterator[TwilioAccount]:
    for provider in routes.providers_of("sms"):
        try:
            account = getattr(provider.backend(), "account", None)
        except Exception:  # noqa: S112 - `manage.py check` names a backend that can't be made
            continue
        if isinstance(account, TwilioAccount):
            yield account


def _signed(request: HttpRequest, parameters: MultiValueDict[str, str], account: TwilioAccount) -> bool:
    """Return whether this was signed with the account's secret, for the URL under PUBLIC_URL.

    Never for the URL of the request: its Host header is whatever the sender wrote. Where PUBLIC_URL is a
    function, that header only chooses among the origins that it knows.
    """
    from twilio import request_validator as sdk

    clients.follow_host(request)
    origin, signature = conf.public_origin(), request.headers.get(SIGNATURE, "")
    if not origin:
        return False
    given = [origin + request.get_full_path(), parameters, signature]
    if chosen := request.headers.get(SIGNATURE_SETTINGS, ""):
        if not hasattr(sdk, "get_signature_algorithm"):  # an SDK from before there were others
            return False
        given.append(sdk.get_signature_algorithm(chosen))
    return bool(sdk.RequestValidator(account.webhook_secret).validate(*given))


def _reason(word: str, code: str) -> str:
    return f"twilio {code}" if re.fullmatch("[0-9]{1,10}", code) else f"twilio {word}"

"""Twilio as it calls back: it signs by its own SDK what it sends."""

from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.test import Client
from twilio.request_validator import RequestValidator

from passwordless_otp.models import Message
from tests.messaging.twilio_faults import SID, TOKEN

ORIGIN, FORM = "https://example.com", "application/x-www-form-urlencoded"
MESSAGE_SID = "SM14155552671"


def path(message_id):
    return f"/auth/webhooks/twilio/{message_id}"


def parameters(status="delivered", **changes):
    """What Twilio says of a message."""
    given = {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "From": "+15005550006",
        "MessageSid": MESSAGE_SID,
        "MessageStatus": status,
        "MessagingServiceSid": "",
        "SmsSid": MESSAGE_SID,
        "SmsStatus": status,
        "To": "+14155552671",
    }
    return given | changes


def signature(url, said, token=TOKEN, **more):
    return RequestValidator(token).compute_signature(url, said, **more)


def post(url, body, headers, kind=FORM):
    """Call the site within this process. Return the status."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(url, body, content_type=kind, headers=headers)
    assert answer.content == b"" or answer.status_code >= 400
    return answer.status_code


def call(message_id, status="delivered", token=TOKEN, **changes):
    """Report as Twilio does. Return the status of the answer."""
    said = parameters(status, **changes)
    signed = signature(ORIGIN + path(message_id), said, token)
    return post(path(message_id), urlencode(said), {"X-Twilio-Signature": signed})


def call_over_http(url, status, token=TOKEN, **changes):
    """Report to a server that listens. Return the status of its answer."""
    said = parameters(status, **changes)
    headers = {"X-Twilio-Signature": signature(url, said, token), "Content-Type": FORM}
    try:
        with urlopen(Request(url, urlencode(said).encode(), headers), timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def state(message):
    row = Message.objects.get(pk=message.pk)
    return row.status, row.provider_id, row.error_code


def everything(message):
    return Message.objects.filter(pk=message.pk).values().get()

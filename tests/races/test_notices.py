"""A sign-in is told of once, and denied once, however many say so at the same moment."""

import threading

import pytest
from django.utils import timezone

from passwordless_otp import events, signals
from passwordless_otp.flows import revoke_access
from passwordless_otp.messaging import security_notices
from passwordless_otp.models import Flow, Message
from passwordless_otp.models.messages import MessageKind
from tests.races.threads import together
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code

pytestmark = pytest.mark.django_db(transaction=True)


def news(settings):
    """A sign-in whose security notices are due and not written."""
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    assert visitor.attempt(newest_code()).status_code == 200
    return Flow.objects.get(notice_due=True)


def written():
    return Message.objects.filter(kind=MessageKind.SECURITY_NOTICE).count()


def test_of_10_workers_one_writes_the_notices(settings):
    flow = news(settings)
    together([lambda: security_notices.write_for_sign_in(Flow.objects.get(pk=flow.pk))] * 10)
    assert written() == 1


def test_look_then_save_writes_them_for_every_worker(settings):
    flow_id, moment = news(settings).pk, threading.Barrier(10)

    def naive():
        flow = Flow.objects.select_related("user").get(pk=flow_id)
        moment.wait(30)
        if flow.notice_due:
            Flow.objects.filter(pk=flow_id).update(notice_due=False)
            security_notices.write_for_identifier(
                flow.user, [each.identifier for each in flow.user.otp_identifiers.all()]
            )

    together([naive] * 10)
    assert written() == 10


@pytest.fixture
def ended():
    heard = []

    def hear(**said):
        heard.append(said["user"])

    signals.sessions_ended.connect(hear)
    yield heard
    signals.sessions_ended.disconnect(hear)


def notice(settings):
    security_notices.write_for_sign_in(news(settings))
    return Message.objects.select_related("user", "flow").get(kind=MessageKind.SECURITY_NOTICE)


def test_of_10_clicks_one_ends_the_sessions(settings, ended):
    told = notice(settings)
    together([lambda: revoke_access.revoke(told)] * 10)
    assert len(ended) == 1


def test_look_then_save_ends_them_for_every_click(settings, ended):
    told, moment = notice(settings), threading.Barrier(10)

    def naive():
        first = Message.objects.get(pk=told.pk).denied_at is None
        moment.wait(30)
        if first:
            Message.objects.filter(pk=told.pk).update(denied_at=timezone.now())
            events.sessions_ended(told.user, told, complete=True)

    together([naive] * 10)
    assert len(ended) == 10

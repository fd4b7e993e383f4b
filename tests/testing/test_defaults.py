"""A site's own TestCase with the default settings: emails are in Django's outbox when the request is answered."""

import re
import threading

from django.core import mail
from django.test import TestCase, override_settings
from django.urls import reverse

from passwordless_otp.messaging import thread_pool
from passwordless_otp.models import Message

DEFAULTS = {"PUBLIC_URL": "https://example.com"}


@override_settings(PASSWORDLESS_OTP=DEFAULTS)
class TestDefaults(TestCase):
    def test_code_is_in_the_outbox(self):
        self.client.post(reverse("passwordless_otp:sign_up"), {"email_address": "jane@example.com"})
        [email] = mail.outbox
        [code] = re.findall(r"\d{6}", email.subject)
        self.client.post(reverse("passwordless_otp:sign_up_verify"), {"code": code})
        assert "_auth_user_id" in self.client.session
        assert Message.objects.get().status == "sent"

    def test_no_thread_is_started(self):
        before = threading.active_count()
        self.client.post(reverse("passwordless_otp:sign_in"), {"identifier": "jane@example.com"})
        assert threading.active_count() == before
        assert thread_pool.drain(0)

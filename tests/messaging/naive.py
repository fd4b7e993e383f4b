"""An app of the tests that lets every worker have the message it wants: what a test of a race has to notice."""

from django.apps import AppConfig


class Naive(AppConfig):
    name = "tests.messaging"
    label = "naive"

    def ready(self):
        from passwordless_otp.models import Message

        manager = type(Message.objects)
        claim = manager.claim
        manager.claim = lambda self, pk: claim(self, pk) or 1

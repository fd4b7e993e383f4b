"""What a stranger can do to everybody's messages, by the addresses that they ask codes for."""

import pytest

from passwordless_otp.models import Message, ProviderHealth
from passwordless_otp.models.provider_health import THRESHOLD
from tests.messaging import mailers
from tests.messaging import twilio_server as on
from tests.messaging.smtp_server import answering
from tests.messaging.twilio_faults import refusal, verify
from tests.visitor import ApiVisitor

BY_EMAIL = "passwordless_otp.messaging.backends.email.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def ask(settings, number, **says):
    """So many people ask for codes at addresses to which the mail server says this."""
    with answering(**says) as (_mailbox, address):
        using = mailers.name(settings, SMTP, **address)
        chain = {"email": [{"BACKEND": BY_EMAIL, "OPTIONS": {"using": using}}]}
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": chain}
        for index in range(number):
            answer = ApiVisitor().sign_up(email_address=f"p{index}@example.net", strategy="email_code")
            assert answer.status_code == 200
    return list(Message.objects.order_by("pk").values_list("status", "error_code"))


@pytest.mark.django_db
@pytest.mark.parametrize("reply", ["450 4.1.2 no such domain", "451 4.7.1 greylisted", "452 4.2.2 full"])
def test_deferred_recipients_do_not_count_as_failures_of_the_mail_server(settings, reply):
    seen = ask(settings, THRESHOLD + 1, RCPT=reply)
    assert seen == [("pending", f"smtp {reply[:3]}")] * (THRESHOLD + 1)
    assert not ProviderHealth.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("says", [{"RCPT": "421 closing"}, {"MAIL": "451 later"}, {"DATA": "452 disk full"}])
def test_mail_server_that_defers_everything_is_passed_over(settings, says):
    seen = ask(settings, THRESHOLD + 1, **says)
    assert seen[-1] == ("pending", "passed over after repeated failures")
    assert ProviderHealth.objects.get().failures == THRESHOLD


@pytest.mark.parametrize(
    ("code", "status", "held"), [(60212, 429, True), (60212, 503, False), (20429, 429, False)]
)
def test_too_many_codes_for_one_number_are_no_failure_of_verify(code, status, held):
    with on.running() as server:
        server.reply = on.errs(code, status)
        assert refusal(verify(server)).for_recipient is held

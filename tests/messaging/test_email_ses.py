"""Email through Amazon SES: Anymail and boto3 against a server that plays it, and against its errors."""

import base64

import pytest

from passwordless_otp.messaging.backends.email import EmailBackend
from tests import needs
from tests.messaging import esp_server, mailers
from tests.messaging.esp_server import says
from tests.messaging.mailers import MESSAGE, failure, outcome
from tests.messaging.peers import closes, hangs
from tests.messaging.smtp_server import free_port

pytestmark = pytest.mark.slow

boto3 = needs.package("boto3")
ThreadedMotoServer = needs.package("moto.server").ThreadedMotoServer
SES = "anymail.backends.amazon_ses.EmailBackend"
ONCE = {"connect_timeout": 5, "read_timeout": 10, "retries": {"total_max_attempts": 1}}
OURS = "codes@example.com"


def account(origin, **config):
    return {
        "endpoint_url": origin,
        "region_name": "eu-west-1",
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "config": {**ONCE, **config},
    }


@pytest.fixture(scope="module")
def ses():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    origin = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("sesv2", **{**account(origin), "config": None})
    client.create_email_identity(EmailIdentity=OURS)
    yield origin
    client.close()
    server.stop()


@pytest.fixture
def amazon(settings):
    with esp_server.running() as server:
        server.using = mailers.name(settings, SES, client_params=account(server.origin, read_timeout=0.5))
        yield server


def test_amazon_id_is_kept(ses, settings):
    backend = EmailBackend(mailers.name(settings, SES, client_params=account(ses)), from_email=OURS)
    first, second = [backend.send(MESSAGE).provider_id for _ in range(2)]
    assert first != second
    assert min(len(first), len(second)) > 20


def test_sender_that_amazon_has_not_verified_leaves_the_mail_to_the_next_provider(ses, settings):
    error = failure(mailers.name(settings, SES, client_params=account(ses)))
    assert outcome(error) == ("Refused", "MessageRejected 400", True)


def test_what_amazon_can_not_do_is_left_out_and_our_id_stays(amazon):
    amazon.reply = says(200, {"MessageId": "ses-1"})
    assert EmailBackend(using=amazon.using).send(MESSAGE).provider_id == "ses-1"
    [asked] = amazon.received
    sent = base64.b64decode(asked["Content"]["Raw"]["Data"]).decode()
    assert f'X-Metadata: {{"message": "{MESSAGE.id}"}}' in sent
    assert "X-Tag: passwordless_otp" in sent


@pytest.mark.parametrize(
    ("status", "code", "becomes"),
    [
        (429, "TooManyRequestsException", "Unavailable"),
        (400, "Throttling", "Unavailable"),
        (400, "LimitExceededException", "Unavailable"),
        (500, "InternalFailure", "Unavailable"),
        (503, "ServiceUnavailable", "Unavailable"),
        (400, "MessageRejected", "Refused"),
        (400, "AccountSuspendedException", "Refused"),
        (400, "SendingPausedException", "Refused"),
        (400, "MailFromDomainNotVerifiedException", "Refused"),
        (403, "ExpiredTokenException", "Refused"),
        (504, "Timeout", "Unclear"),
    ],
)
def test_amazon_errors_are_recognised_by_their_codes(amazon, status, code, becomes):
    amazon.reply = says(status, {"message": "123456 is no good"}, x_amzn_ErrorType=code)
    assert outcome(failure(amazon.using)) == (becomes, f"{code} {status}", becomes == "Refused")
    assert len(amazon.received) == 1


@pytest.mark.parametrize(("reply", "name"), [(hangs, "ReadTimeoutError"), (closes, "ConnectionClosedError")])
def test_missing_answer_is_unclear(amazon, reply, name):
    amazon.reply = reply
    assert outcome(failure(amazon.using)) == ("Unclear", name, False)
    assert len(amazon.received) == 1


def test_amazon_out_of_reach_is_unavailable(settings):
    params = account(f"http://127.0.0.1:{free_port()}")
    error = failure(mailers.name(settings, SES, client_params=params))
    assert outcome(error) == ("Unavailable", "EndpointConnectionError", False)


def test_missing_credentials_leave_the_mail_to_the_next_provider(settings, monkeypatch, tmp_path):
    for name in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]:
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    params = {"region_name": "eu-west-1", "config": ONCE}
    error = failure(mailers.name(settings, SES, client_params=params))
    assert outcome(error) == ("Refused", "NoCredentialsError", True)

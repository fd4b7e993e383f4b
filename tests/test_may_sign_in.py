"""Who may sign in: Django's authentication backends, the user model's manager and the site are asked."""

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, authenticate, get_user_model
from django.contrib.auth.signals import user_logged_in
from django.test import RequestFactory

from passwordless_otp import signals, users
from passwordless_otp.backends import CodeBackend
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Message
from passwordless_otp.testing import EnumerationParity
from passwordless_otp.testing.journeys import PageJourney
from tests.second_step import Visible
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, operate, started, unlimited

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
CODE_BACKEND = "passwordless_otp.backends.CodeBackend"
SUSPICIOUS, LOOKS_UP = "tests.second_step.Suspicious", "tests.second_step.LooksUp"
NOBODY = "tests.hooks.KnowsNobody"

pytestmark = pytest.mark.django_db


class Derived(CodeBackend):
    """A site's own backend for codes."""


@pytest.fixture
def hiding(monkeypatch):
    """A user model whose default manager hides some, as for soft deletion."""
    manager = Visible()
    manager.model, manager.name = get_user_model(), "objects"
    monkeypatch.setitem(vars(get_user_model()._meta), "default_manager", manager)
    users._backends.cache_clear()
    yield
    users._backends.cache_clear()


@pytest.fixture
def logins():
    """The logins and `signed_in` meanwhile."""
    heard = []
    for signal in [user_logged_in, signals.signed_in]:
        signal.connect(lambda **given: heard.append(given), weak=False, dispatch_uid="logins")
    yield heard
    for signal in [user_logged_in, signals.signed_in]:
        signal.disconnect(dispatch_uid="logins")


def person(**fields):
    """A user who has signed up, and has these fields since."""
    joined()
    memory.sent.clear()
    get_user_model()._base_manager.update(**fields)
    return get_user_model()._base_manager.get()


def may(settings, name):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "MAY_SIGN_IN": f"tests.second_step.{name}"}


def assert_refused(logins):
    """Assert that even the right code is refused as a wrong one, by the API and the pages, and tells nobody."""
    logins.clear()
    unlimited()
    visitor = started()
    flow = Flow.objects.latest("pk")
    answer = visitor.attempt(flow.verifications.get().code())
    assert (answer.status_code, errors(answer)) == (422, ["form_code_incorrect"])
    pages = PageJourney()
    pages.sign_in(EMAIL)
    answer = pages.attempt(Flow.objects.latest("pk").verifications.get().code())
    assert answer.status_code == 422
    assert (visitor.signed_in, pages.signed_in, logins) == (None, None, [])
    assert {message.kind for message in Message.objects.filter(verification__flow=flow)} == {"not_allowed"}
    newcomer = ApiVisitor()
    newcomer.sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(newcomer.attempt(newest_code())) == ["identification_claimed"]
    assert (newcomer.signed_in, logins) == (None, [])


def test_inactive_user_is_refused(logins):
    person(is_active=False)
    assert_refused(logins)


@pytest.mark.parametrize("backends", [[MODEL_BACKEND], [NOBODY, MODEL_BACKEND], [CODE_BACKEND, MODEL_BACKEND]])
def test_user_whom_the_default_manager_hides_is_refused_as_an_inactive_one(hiding, settings, logins, backends):
    person(last_name="deleted")
    settings.AUTHENTICATION_BACKENDS = backends
    assert_refused(logins)


@pytest.mark.parametrize("backend", [SUSPICIOUS, LOOKS_UP])
def test_user_whom_the_backend_refuses_is_refused_as_an_inactive_one(settings, logins, backend):
    settings.AUTHENTICATION_BACKENDS = [backend]
    person(last_name="locked")
    assert_refused(logins)


def test_deleted_account_of_the_same_address_stands_in_nobodys_way(hiding):
    make = get_user_model()._base_manager.create
    make(username="before", email=EMAIL, last_name="deleted", password="!")
    user = get_user_model().objects.create_user("again", EMAIL, "secret")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    assert visitor.signed_in == f"user_{user.pk}"


def test_address_of_a_deleted_account_alone_makes_no_second_user(hiding):
    get_user_model()._base_manager.create(username="before", email=EMAIL.upper(), last_name="deleted")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(visitor.attempt(newest_code())) == ["identification_claimed"]
    assert get_user_model()._base_manager.count() == 1


def test_other_users_of_such_sites_sign_in(hiding, settings):
    person()
    settings.AUTHENTICATION_BACKENDS = [NOBODY, SUSPICIOUS, LOOKS_UP]
    visitor = started()
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.signed_in
    assert visitor.http.session[BACKEND_SESSION_KEY] == SUSPICIOUS


def test_backend_that_has_the_user_is_named_where_another_has_not(settings):
    person(last_name="locked")
    settings.AUTHENTICATION_BACKENDS = [SUSPICIOUS, LOOKS_UP, MODEL_BACKEND]
    visitor = started()
    visitor.attempt(newest_code())
    assert visitor.signed_in
    assert visitor.http.session[BACKEND_SESSION_KEY] == MODEL_BACKEND


def test_site_says_who_may_sign_in(settings, logins):
    person(username="editor-1")
    may(settings, "allows")
    assert_refused(logins)
    get_user_model().objects.update(username="jane")
    visitor = started()
    visitor.attempt(newest_code())
    assert visitor.signed_in


def test_function_that_fails_refuses_and_is_logged(settings, logins, caplog):
    person()
    may(settings, "fails")
    assert_refused(logins)
    assert "MAY_SIGN_IN failed" in caplog.text


def test_staff_rule_holds_besides_that_of_the_site(settings, logins):
    person(is_staff=True)
    may(settings, "allows")
    assert_refused(logins)


@pytest.mark.parametrize("purpose", ["API", "pages"])
def test_new_user_whom_no_backend_has_gets_no_session_and_the_log_says_why(settings, logins, caplog, purpose):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CREATE_USER": "tests.second_step.create_inactive"}
    visitor = ApiVisitor() if purpose == "API" else PageJourney()
    visitor.sign_up(email_address=EMAIL, **({"strategy": "email_code"} if purpose == "API" else {}))
    assert visitor.attempt(newest_code()).status_code == 409
    assert (visitor.signed_in, logins) == (None, [])
    assert "AUTHENTICATION_BACKENDS" in caplog.text
    assert get_user_model().objects.filter(is_active=False).count() == 1  # who may be let in later


def test_plain_backend_and_manager_take_no_statement(django_assert_num_queries):
    user = person()
    with django_assert_num_queries(0):
        assert users.backend_for(user) == MODEL_BACKEND
        assert users.backend_for(None) == ""


@pytest.mark.parametrize("backends", [[LOOKS_UP], [LOOKS_UP, MODEL_BACKEND, SUSPICIOUS]])
def test_nobody_takes_as_many_statements_as_somebody(hiding, settings, django_assert_num_queries, backends):
    settings.AUTHENTICATION_BACKENDS = backends
    for who in [person(), None]:
        with django_assert_num_queries(len(backends)):
            users.backend_for(who)


class TestParityWhereUsersAreLookedUp(EnumerationParity):
    """The kit for sites, where a manager, a backend and the site each refuse somebody."""

    kinds = ["email_address"]
    faces = ["api"]

    @pytest.fixture(autouse=True)
    def site(self, hiding, settings):
        settings.AUTHENTICATION_BACKENDS = [LOOKS_UP, SUSPICIOUS]
        may(settings, "allows")

    def make_user(self, identifier, **status):
        user = super().make_user(identifier)
        others = {
            "is_active": {"username": "editor-7"},
            "is_staff": {"last_name": "locked"},
            "is_superuser": {"last_name": "deleted"},
        }
        for name in status:
            get_user_model()._base_manager.filter(pk=user.pk).update(**others[name])
        return user


class TestCodeBackend:
    """The optional backend tells sign-ins by code from others, and signs nobody in by itself."""

    @pytest.mark.parametrize("path", [CODE_BACKEND, f"{__name__}.Derived"])
    def test_session_names_it_wherever_it_stands_in_the_list(self, settings, path):
        settings.AUTHENTICATION_BACKENDS = [MODEL_BACKEND, path]
        visitor = joined()
        assert visitor.signed_in
        assert visitor.http.session[BACKEND_SESSION_KEY] == path

    def test_password_login_does_not_name_it(self, settings, client):
        settings.AUTHENTICATION_BACKENDS = [CODE_BACKEND, MODEL_BACKEND]
        get_user_model().objects.create_user("jane", password="right")
        assert client.login(username="jane", password="right")
        assert client.session[BACKEND_SESSION_KEY] == MODEL_BACKEND

    def test_password_signs_nobody_in_where_it_is_alone(self, settings, client):
        settings.AUTHENTICATION_BACKENDS = [CODE_BACKEND]
        get_user_model().objects.create_user("jane", password="right")
        assert not client.login(username="jane", password="right")

    def test_it_accepts_the_flow_of_this_request_and_no_other(self, settings):
        settings.AUTHENTICATION_BACKENDS = [CODE_BACKEND]
        accepted = []

        def receive(request, user, flow, **_):
            other = Flow.objects.exclude(pk=flow.pk).filter(status="complete").first()
            accepted.extend(authenticate(request, otp_flow=each) for each in [flow, other])

        first = joined()
        signals.signed_in.connect(receive)
        try:
            joined("other@example.com")
        finally:
            signals.signed_in.disconnect(receive)
        other = get_user_model().objects.get(otp_identifiers__value="other@example.com")
        assert accepted == [other, None]
        assert first.signed_in
        for flow in [*Flow.objects.all(), None]:
            assert authenticate(RequestFactory().get("/"), otp_flow=flow) is None

    def test_it_accepts_no_open_flow(self):
        started()
        request, flow = RequestFactory().get("/"), Flow.objects.get()
        setattr(request, users.CONSUMED, flow.pk)
        assert CodeBackend().authenticate(request, otp_flow=flow) is None


def test_staff_may_sign_in_where_a_superuser_allows_it():
    person(is_staff=True)
    operate(staff_sign_in=True)
    visitor = started()
    visitor.attempt(newest_code())
    assert visitor.signed_in

"""What happened can be looked up, but neither changed nor used."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from passwordless_otp.models import Flow, Message, SignIn, SignUp, Verification
from tests.admin.conftest import live_codes, signed_in, text
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, joined

pytestmark = pytest.mark.django_db
MODELS = {"signin": SignIn, "signup": SignUp, "verification": Verification, "message": Message}
ALL = "/admin/passwordless_otp"
SECRET = [
    "nonce__startswith", "key_id", "client__gt", "generation", "length", "flow__client__startswith",
    "verifications__nonce__gt", "verification__flow__client__regex", "user__password__gt", "id__gt",
]  # fmt: skip
GARBAGE = [
    ("status", "x"), ("status", "\x00"), ("kind", "\x00"), ("channel", "💥"), ("p", "x"), ("p", "-1"),
    ("p", "999999999999999999999"), ("o", "x"), ("o", "1.2.-99"), ("all", ""), ("_facets", "True"), ("p", "0"),
    ("_to_field", "nonce"), ("status__in", "x,y"), ("pk", "x"), ("created_at__year", "x"), ("\x00", "x"),
]  # fmt: skip
every_list = pytest.mark.parametrize("model", [*MODELS, "identifier"])


@pytest.fixture
def people():
    """One who has signed up, one on her way to sign in, one on her way to sign up."""
    both_kinds()
    joined()
    ApiVisitor().sign_in(EMAIL, "email_code")
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code", first_name="Jane")


def pages():
    yield from (f"{ALL}/{model}/" for model in MODELS)
    for model, rows in MODELS.items():
        yield from (f"{ALL}/{model}/{row.pk}/change/" for row in rows.objects.all())


def listed(response):
    return response.context["cl"].result_count


def test_no_page_shows_a_code_or_its_secrets(root, people):
    secrets = live_codes()
    secrets |= set(Flow.objects.values_list("client", flat=True))
    for pair in Verification.objects.values_list("nonce", "key_id"):
        secrets |= set(pair)
    secrets.discard("")
    assert len(secrets) >= 8
    seen = 0
    for path in pages():
        words = set(re.findall(r"\w+", text(root.get(path))))
        assert not words & secrets, path
        seen += 1
    assert seen >= 13


@pytest.mark.parametrize("model", MODELS)
def test_lookups_in_the_url_are_refused(root, model):
    for lookup in SECRET:
        assert root.get(f"{ALL}/{model}/", {lookup: "a"}).status_code == 400, lookup


@pytest.mark.parametrize("model", MODELS)
def test_records_are_read_only_even_for_superusers(root, people, model):
    pk = MODELS[model].objects.first().pk
    before = list(MODELS[model].objects.values())
    assert root.get(f"{ALL}/{model}/add/").status_code == 403
    assert root.post(f"{ALL}/{model}/add/", {}).status_code == 403
    assert root.post(f"{ALL}/{model}/{pk}/change/", {"status": "complete"}).status_code == 403
    assert root.post(f"{ALL}/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
    root.post(f"{ALL}/{model}/", {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"})
    assert list(MODELS[model].objects.values()) == before


def test_records_are_deleted_with_their_user(root, people):
    user = User.objects.get(otp_identifiers__value=EMAIL)
    assert root.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Flow.objects.filter(user=user.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_lists_need_view_permission(db, model):
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_user"))
    assert signed_in("clerk").get(f"{ALL}/{model}/").status_code == 403


def test_flow_page_shows_verifications_only_with_permission(db, people):
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_signup"))
    page = signed_in("clerk").get(f"{ALL}/signup/{SignUp.objects.first().pk}/change/")
    assert page.status_code == 200
    assert page.context["inline_admin_formsets"] == []


@pytest.mark.parametrize(("model", "number"), [("signin", 1), ("signup", 1), ("verification", 2), ("message", 2)])
def test_search_finds_an_email_address_in_any_spelling(root, people, model, number):
    for spelling in [EMAIL, "Jane@EXAMPLE.com", "  jane@example.com "]:
        assert listed(root.get(f"{ALL}/{model}/", {"q": spelling})) == number, spelling


@pytest.mark.parametrize("model", ["signup", "verification", "message"])
def test_search_finds_a_phone_number_in_any_spelling(root, people, model):
    for spelling in [PHONE, "+1 (415) 555-2671", "+1 415 555 2671"]:
        assert listed(root.get(f"{ALL}/{model}/", {"q": spelling})) == 1, spelling


@pytest.mark.parametrize("model", ["signup", "verification", "message"])
def test_search_finds_a_number_in_an_old_form(root, people, model):
    Verification.objects.filter(value=PHONE).update(value="+22997123456")
    Flow.objects.filter(phone_number=PHONE).update(phone_number="+22997123456")
    for spelling in ["+229 97 12 34 56", "+229 01 97 12 34 56"]:
        assert listed(root.get(f"{ALL}/{model}/", {"q": spelling})) == 1, spelling


@pytest.mark.parametrize("model", MODELS)
def test_search_finds_an_id(root, people, model):
    assert listed(root.get(f"{ALL}/{model}/", {"q": str(MODELS[model].objects.first().pk)})) == 1


@every_list
def test_search_for_anything_else_finds_nothing(root, people, model):
    for garbage in ["jane", "@", "%", "a@b", "+1", "'; DROP", "\x00", "💥@💥.💥", "9" * 400, "\ud7ff"]:
        page = root.get(f"{ALL}/{model}/", {"q": garbage})
        assert page.status_code == 200, garbage
        if garbage != "\x00":  # Django's own form refuses it, and says so
            assert listed(page) == 0, garbage


@every_list
def test_garbage_in_the_url_is_no_server_error(root, people, model):
    for name, value in GARBAGE:
        answer = root.get(f"{ALL}/{model}/", {name: value})
        assert answer.status_code in {200, 302, 400}, (name, value)


@pytest.mark.parametrize("model", MODELS)
def test_unknown_id_is_no_server_error(root, model):
    for pk in ["x", "0", "00000000-0000-0000-0000-000000000000", "%00", "9" * 40]:
        assert root.get(f"{ALL}/{model}/{pk}/change/").status_code in {302, 404}, pk


@pytest.mark.parametrize(
    ("model", "value", "number"),
    [("signin", "open", 1), ("signin", "abandoned", 0), ("signup", "complete", 1), ("signup", "open", 1),
     ("verification", "verified", 1), ("verification", "unverified", 2), ("message", "sent", 3)],
)  # fmt: skip
def test_lists_are_filtered_by_status(root, people, model, value, number):
    assert listed(root.get(f"{ALL}/{model}/", {"status": value})) == number


def test_expired_flows_and_codes_are_shown_as_such(root, people):
    Flow.objects.filter(status="open").update(expires_at=timezone.now())
    Verification.objects.filter(status="unverified").update(expires_at=timezone.now())
    assert listed(root.get(f"{ALL}/signin/", {"status": "open"})) == 0
    assert listed(root.get(f"{ALL}/signin/", {"status": "abandoned"})) == 1
    assert listed(root.get(f"{ALL}/verification/", {"status": "expired"})) == 2
    assert "abandoned" in text(root.get(f"{ALL}/signin/{SignIn.objects.first().pk}/change/"))
    assert "expired" in text(root.get(f"{ALL}/signin/{SignIn.objects.first().pk}/change/"))


def test_flow_verification_and_message_link_to_each_other(root, people):
    flow = SignIn.objects.get()
    verification, message = flow.verifications.get(), Message.objects.get(verification__flow=flow)
    here = text(root.get(f"{ALL}/signin/{flow.pk}/change/"))
    assert f"verification/{verification.pk}/change/" in here
    assert f"message/{message.pk}/change/" in here
    there = text(root.get(f"{ALL}/verification/{verification.pk}/change/"))
    assert f"signin/{flow.pk}/change/" in there
    assert f"message/{message.pk}/change/" in there
    assert f"verification/{verification.pk}/change/" in text(root.get(f"{ALL}/message/{message.pk}/change/"))


def test_a_sign_up_page_shows_the_names_typed(root):
    both_kinds(first_name="optional")
    ApiVisitor().sign_up(email_address=EMAIL, first_name="Grace")
    assert "Grace" in text(root.get(f"{ALL}/signup/{SignUp.objects.get().pk}/change/"))


def test_number_of_statements_does_not_grow_with_the_list(root):
    def statements(model):
        with CaptureQueriesContext(connection) as caught:
            assert root.get(f"{ALL}/{model}/").status_code == 200
        assert all("LIMIT" in query["sql"] for query in caught if "COUNT(" in query["sql"])
        return len(caught)

    def come(number):
        joined(f"p{number}@example.com")
        ApiVisitor().sign_in(f"p{number}@example.com", "email_code")

    come(0)
    models = [*MODELS, "identifier"]
    for model in models:
        root.get(f"{ALL}/{model}/")
    one = {model: statements(model) for model in models}
    for number in range(1, 12):
        come(number)
    assert {model: statements(model) for model in models} == one


def test_unlock_link_is_listed_with_its_recipient_masked(root):
    message = Message.objects.create(kind="unlock", channel="email", to=EMAIL, status="sent")
    for path in [f"{ALL}/message/", f"{ALL}/message/{message.pk}/change/"]:
        page = text(root.get(path))
        assert "unlock link" in page.lower()
        assert "j•••@e•••.com" in page
        assert EMAIL not in page
    assert listed(root.get(f"{ALL}/message/?q={EMAIL}")) == 1

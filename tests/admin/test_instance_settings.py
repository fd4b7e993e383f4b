"""One form steers everything, from the next request on."""

import pytest

from passwordless_otp.models import InstanceSettings, TestAddress
from passwordless_otp.models.instance_settings.limits import LIMITS
from tests.admin.conftest import SETTINGS, apply, row, text
from tests.visitor import EMAIL, PHONE, ApiVisitor, errors, newest_code

pytestmark = pytest.mark.django_db
PHONE_ON = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}


def refusals(response):
    assert response.status_code == 200, "it was applied"
    return response.context["adminform"].form.errors


def environment():
    return ApiVisitor().get("environment").json()


def label():
    """What the sign-in page asks for."""
    return text(ApiVisitor().http.get("/auth/sign-in/"))


def test_list_redirects_to_form(root):
    answer = root.get("/admin/passwordless_otp/instancesettings/")
    assert answer.status_code == 302
    assert answer.url == SETTINGS


def test_form_shows_defaults_before_first_save(root):
    assert not InstanceSettings.objects.exists()
    page = root.get(SETTINGS)
    assert page.status_code == 200
    assert page.context["adminform"].form["max_tries"].value() == 5


def test_first_change_creates_the_row(root):
    answer = apply(root, max_tries="3")
    assert answer.status_code == 302
    assert answer.url == SETTINGS
    assert InstanceSettings.objects.get(pk=1).max_tries == 3


def test_page_says_when_changes_take_effect(root):
    apply(root, max_tries="3")
    assert "Your changes have been applied." in text(root.get(SETTINGS))


@pytest.mark.parametrize("path", ["add/", "1/delete/"])
def test_settings_can_not_be_added_or_deleted(root, path):
    assert root.get(f"/admin/passwordless_otp/instancesettings/{path}").status_code == 403


@pytest.mark.parametrize("pk", ["2", "0", "x", "1e0", "99999999999999999999"])
def test_other_ids_have_no_form(root, pk):
    answer = root.get(f"/admin/passwordless_otp/instancesettings/{pk}/change/", follow=True)
    assert "t exist" in text(answer)


def test_the_only_button_is_apply_changes(root):
    page = text(root.get(SETTINGS))
    assert 'value="Apply changes"' in page
    for other in ["_save", "_continue", "_addanother", "deletelink"]:
        assert f'name="{other}"' not in page
        assert f'class="{other}"' not in page


def test_fieldsets_are_in_the_designed_order(root):
    names = [str(fieldset.name) for fieldset in root.get(SETTINGS).context["adminform"]]
    assert names == [
        "Contact information", "Authentication factors", "Sign-up", "Codes", "Attack protection",
        "Advanced limits", "Restrictions", "Phone countries and SMS budget", "Sessions", "Messages", "Test mode",
    ]  # fmt: skip


def test_form_has_every_setting(root):
    fields = set(root.get(SETTINGS).context["adminform"].form.fields)
    limits = {f"{what}_{name}" for name in LIMITS for what in ["limit", "track"]}
    settings = {field.name for field in InstanceSettings._meta.fields}
    assert fields == limits | settings - {"id", "limits", "tracked_only"}


def test_switching_phone_on_changes_the_environment_and_the_next_sign_in(root):
    before = environment()
    assert "phone number" not in label()
    assert errors(ApiVisitor().sign_in(PHONE))
    apply(root, **PHONE_ON)
    assert environment() != before
    assert "Email address or phone number" in label()
    assert ApiVisitor().sign_in(PHONE, "phone_code", sign_up_if_missing=True).status_code == 200
    assert newest_code(PHONE)


def test_sign_in_is_refused_after_identification_is_switched_off(root):
    apply(root, **PHONE_ON)
    assert ApiVisitor().sign_in(EMAIL).status_code == 200
    apply(root, email_address_used_for_identification=False)
    assert "Email address" not in label()
    assert errors(ApiVisitor().sign_in(EMAIL)) == ["form_param_value_disabled"]


def test_sign_in_under_way_stops_when_strategy_is_switched_off(root):
    apply(root, **PHONE_ON)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    apply(root, email_code=False, email_address_used_for_identification=False)
    assert errors(visitor.attempt("123456")) == ["form_param_value_disabled"]


def test_closing_sign_up_takes_effect_with_the_next_request(root):
    apply(root, sign_up_mode="closed")
    assert errors(ApiVisitor().sign_up(email_address=EMAIL))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email_address_enabled": False}, "email_address_used_for_identification"),
        ({"email_code": False}, "email_address_used_for_identification"),
        ({"email_address_used_for_identification": False}, "email_address_used_for_identification"),
        ({"phone_number_required": True}, "phone_number_required"),
        ({"phone_number_used_for_identification": True}, "phone_number_used_for_identification"),
    ],
)
def test_settings_that_lock_everybody_out_are_refused_at_their_field(root, changes, field):
    assert field in refusals(apply(root, **changes))
    assert not InstanceSettings.objects.exists()


def test_values_out_of_range_are_refused(root):
    wrong = {
        "max_tries": "0", "code_life": "601", "resend_interval": "14", "messages_per_flow": "999999999999",
        "session_lifetime_days": "0", "sign_up_mode": "everybody", "support_email": "nobody",
        "application_name": "x" * 61,
    }  # fmt: skip
    assert wrong.keys() <= refusals(apply(root, **wrong)).keys()
    others = {"max_tries": "11", "application_name": "a\x00b"}
    assert set(refusals(apply(root, **others))) == others.keys()


def test_refused_form_still_says_what_visitors_get_now(root):
    page = apply(root, email_code=False)
    assert "People sign in with an email code." in text(page)


def test_operator_can_not_change_settings_of_superusers(operator):
    assert apply(operator, max_tries="3").status_code == 302
    apply(operator, max_tries="4", staff_sign_in=True, test_mode=True)
    saved = InstanceSettings.objects.get()
    assert (saved.max_tries, saved.staff_sign_in, saved.test_mode) == (4, False, False)


def test_operator_does_not_reset_settings_of_superusers(root, operator):
    apply(root, staff_sign_in=True, test_mode=True)
    apply(operator, max_tries="4")
    saved = InstanceSettings.objects.get()
    assert (saved.max_tries, saved.staff_sign_in, saved.test_mode) == (4, True, True)


def test_viewer_changes_nothing(viewer):
    page = viewer.get(SETTINGS)
    assert page.status_code == 200
    assert "Apply changes" not in text(page)
    assert viewer.post(SETTINGS, {"max_tries": "1"}).status_code == 403


def test_superuser_adds_test_address(root):
    first = row("test_addresses", 0, identifier="+1 (111) 111-1111", code="123456", until="2999-01-01")
    answer = apply(root, test_mode=True, **{"test_addresses-TOTAL_FORMS": "1"}, **first)
    assert answer.status_code == 302
    assert TestAddress.objects.get().identifier == "+11111111111"


def test_superuser_changes_and_deletes_test_address(root):
    listed = TestAddress.objects.create(identifier="a@example.com", code="123456", until="2999-01-01")
    apply(root, **row("test_addresses", 0, code="654321"))
    listed.refresh_from_db()
    assert listed.code == "654321"
    apply(root, **row("test_addresses", 0, DELETE=True))
    assert not TestAddress.objects.exists()


@pytest.mark.parametrize("second", ["A@Example.com", "a@example.com", " a@EXAMPLE.com "])
def test_duplicate_test_address_is_refused_in_any_spelling(root, second):
    rows = {"test_addresses-TOTAL_FORMS": "2"}
    for number, identifier in enumerate(["a@example.com", second]):
        rows |= row("test_addresses", number, identifier=identifier, code="123456", until="2999-01-01")
    assert apply(root, **rows).status_code == 200
    assert not TestAddress.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"identifier": "nonsense"}, {"identifier": ""}, {"code": "12345"}, {"code": "abcdef"}, {"until": "soon"}],
)
def test_invalid_test_address_is_refused(root, fields):
    given = {"identifier": "a@example.com", "code": "123456", "until": "2999-01-01"} | fields
    rows = {"test_addresses-TOTAL_FORMS": "1", **row("test_addresses", 0, **given)}
    assert apply(root, **rows).status_code == 200


def test_operator_can_not_see_or_add_test_addresses(operator):
    TestAddress.objects.create(identifier="a@example.com", code="987654", until="2999-01-01")
    assert "987654" not in text(operator.get(SETTINGS))
    first = row("test_addresses", 0, identifier="b@example.com", code="123456", until="2999-01-01")
    apply(operator, **{"test_addresses-TOTAL_FORMS": "1"}, **first)
    assert TestAddress.objects.count() == 1

"""Numbers that were proven stay usable whatever becomes of the rules; new ones are judged, in words that help."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp import keys
from passwordless_otp.flows import lifecycle
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Flow, Identifier
from passwordless_otp.visitor import RECOGNISED
from tests.sms.strangers import ask, at, holder, sent
from tests.test_identifiers import PHONES
from tests.visitor import ApiVisitor, both_kinds, errors, newest_code, operate

pytestmark = pytest.mark.usefixtures("phone")


def sign_in(typed, to):
    visitor = at(1)
    assert visitor.sign_in(typed, "phone_code").status_code == 200
    return visitor.attempt(newest_code(to), "phone_code").json()["response"]


def told(answer):
    return answer.json()["errors"][0]["long_message"]


@pytest.mark.parametrize("number", ["+493012345678", "+16243051111", "+18005550100", "+1415555267"])
def test_proven_number_gets_codes_though_the_metadata_would_refuse_it(number):
    holder(number)
    assert sign_in(number, number)["status"] == "complete"


@pytest.mark.parametrize(
    ("stored", "new", "country"),
    [
        ("+22997123456", "+2290197123456", "BJ"),
        ("+22507014657", "+2250707014657", "CI"),
        ("+5215512345678", "+525512345678", "MX"),
        ("+551161234567", "+5511961234567", "BR"),
        ("+541166773399", "+5491166773399", "AR"),
        ("+24106123456", "+24166123456", "GA"),
    ],
)
@pytest.mark.parametrize("protected", [True, False])
def test_old_and_new_form_of_a_number_lead_to_the_same_user(stored, new, country, protected):
    operate(sms_countries=[], enumeration_protection=protected)
    user = holder(stored).user
    for typed in [stored, new]:
        to = new if protected else stored
        assert sign_in(typed, to)["status"] == "complete"
    assert get_user_model().objects.get() == user
    assert Flow.objects.filter(status="complete", user=user).count() == 2


def test_browser_is_recognised_by_a_number_that_is_stored_in_an_old_form():
    user = holder("+22997123456").user
    sign_in("+22997123456", "+2290197123456")
    digest = keys.digests(RECOGNISED, Kind.PHONE_NUMBER, "+2290197123456")[0]
    assert Flow.objects.get(user=user).recognised_for == [digest]


def test_open_flows_of_a_number_in_an_old_form_end_with_all_others():
    user = holder("+22997123456").user
    at(1).sign_in("+22997123456", "phone_code")
    lifecycle.end_all_of(user)
    assert Flow.objects.get().status == "ended"


def test_sign_up_with_the_new_form_of_a_proven_number_makes_no_second_user():
    operate(sms_countries=["BJ"])
    holder("+22997123456")
    visitor = ask("+2290197123456")
    visitor.attempt(newest_code("+2290197123456"), "phone_code")
    assert get_user_model().objects.count() == 1


def test_number_in_an_old_form_is_not_adopted_by_a_second_user():
    held = holder("+22997123456")
    assert Identifier.objects.adopt(held.user, "+229 01 97 12 34 56") == held


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("+1 415 555 267", "too short"),
        ("+1 800 555 0100", "not a mobile number"),
        ("+1 624 305 1111", "can't send codes to this number yet"),
        ("+1 415 555 2671 x5", "extension"),
    ],
)
def test_sign_up_says_what_is_wrong_with_a_new_number(number, says):
    answer = ApiVisitor().sign_up(phone_number=number)
    assert errors(answer) == ["form_param_format_invalid"]
    assert says in told(answer)


def test_half_typed_identifier_is_answered_by_what_is_on():
    assert "an email address" not in told(ApiVisitor().sign_in("jane"))
    both_kinds()
    assert "Type a whole email address" in told(ApiVisitor().sign_in("jane"))


def test_allowed_prefix_is_served_and_blocked_one_comes_first():
    operate(sms_allowed_prefixes="+1 624\n+1 (800)")
    ask("+16243051111")
    ask("+18005550100", 1)
    assert sent() == 2
    operate(sms_blocked_prefixes="+1 624 305")
    assert errors(ApiVisitor().sign_up(phone_number="+16243051111")) == ["unsupported_country_code"]
    operate(sms_countries=["GB"])
    assert errors(ApiVisitor().sign_up(phone_number="+16243061111")) == ["unsupported_country_code"]


@pytest.mark.parametrize(
    ("country", "territory"),
    [
        ("GB", "+447797712345"),
        ("GB", "+447624123456"),
        ("NO", "+4741234567"),
        ("FI", "+358412345678"),
        ("RE", "+262639012345"),
        ("GP", "+590690001234"),
        ("CW", "+5993181234"),
        ("US", "+17872345678"),
    ],
)
def test_territory_is_open_with_its_country(country, territory):
    operate(sms_countries=[country])
    ask(territory)
    assert sent(territory) == 1


@pytest.mark.parametrize(("country", "other"), [("RU", "+77710009998"), ("US", "+18762101234")])
def test_country_with_the_same_code_is_not_open_with_another(country, other):
    operate(sms_countries=[country])
    assert errors(ApiVisitor().sign_up(phone_number=other)) == ["unsupported_country_code"]


def test_20_spellings_of_a_number_have_one_counter(settings):
    settings.PHONENUMBER_DEFAULT_REGION = "US"
    answers = [at(number).sign_in(text, "phone_code").status_code for number, text in enumerate(PHONES)]
    granted = answers.count(200)
    assert 0 < granted < len(PHONES)
    assert answers == [200] * granted + [429] * (len(PHONES) - granted)
    assert len(set(Flow.objects.values_list("phone_number", flat=True))) == 1

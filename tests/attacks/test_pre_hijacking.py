"""Account pre-hijacking: the five attacks of Sudhodanan and Paverd (USENIX Security 2022).

Somebody does something with an address that is not hers, waits until its owner signs up, and is in. Each attack
ends here with the attacker's browser anonymous and the victim's account as she made it. Signing up with a proven
address that has an account signs its owner in, and ends nobody's session: whoever has one there has proven an
identifier of that account. If it was a stranger, the notice of it has a link that ends them all.
"""

import re

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, started, wrong

pytestmark = pytest.mark.django_db
MALLORY = "mallory@example.com"


def untouched(victim, user):
    """Her account has her address and nothing else, and she is in it."""
    assert victim.signed_in == f"user_{user.pk}"
    assert list(Identifier.objects.filter(user=user).values_list("value", flat=True)) == [EMAIL]
    assert user.first_name == ""


def owner():
    return Identifier.objects.get(value=EMAIL).user


def test_classic_federated_merge():
    """The attacker registers the victim's address, and the site merges the victim into that account later.

    Here nothing typed makes an account: there is none to be merged into, whichever way the victim comes.
    """
    attacker = ApiVisitor()
    attacker.sign_up(email_address=EMAIL, strategy="email_code", first_name="Mallory")
    attacker.attempt(wrong(newest_code()))
    assert not get_user_model().objects.exists()
    victim = ApiVisitor()
    victim.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    victim.attempt(newest_code())
    victim.sign_up(transfer=True)
    untouched(victim, owner())
    assert errors(attacker.attempt(newest_code())) == ["form_code_incorrect"]
    assert attacker.signed_in is None


def test_unexpired_session():
    """The attacker keeps a session of the account open while the victim takes it over.

    Here a session comes after proof alone. What the attacker keeps open are flows, and the victim's proof in her
    own browser completes none of them.
    """
    signing_up, signing_in = ApiVisitor(), ApiVisitor()
    signing_up.sign_up(email_address=EMAIL, strategy="email_code")
    signing_in.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    victim = joined()
    codes = {message.code for message in memory.sent if message.code}
    victims = newest_code()
    assert victims in codes
    for attacker in [signing_up, signing_in]:
        assert errors(attacker.attempt(victims)) == ["form_code_incorrect"]
        assert attacker.signed_in is None
    assert errors(signing_up.sign_up(transfer=True)) == ["account_transfer_invalid"]
    untouched(victim, owner())


def test_unexpired_session_of_one_who_read_the_mailbox():
    """The nearest that there is: the attacker did read a code once, and stays signed in.

    The victim is told, and ends every session without signing in herself.
    """
    victim = joined()
    attacker = started()
    attacker.attempt(newest_code())
    assert attacker.signed_in == victim.signed_in
    [link] = re.findall(r"https://example.com(/auth/not-me/\S+/)", memory.sent[-1].text)
    phone = ApiVisitor()
    phone.http.cookies["csrftoken"] = "t" * 32
    assert phone.http.post(link, {"csrfmiddlewaretoken": "t" * 32}).status_code == 303
    assert attacker.signed_in is None
    assert victim.signed_in is None
    victim.sign_in(EMAIL, "email_code")
    victim.attempt(newest_code())
    untouched(victim, owner())
    attacker.sign_in(EMAIL, "email_code")
    assert attacker.signed_in is None


def test_trojan_identifier():
    """The attacker adds an identifier of her own to an account with the victim's address, to come back by it.

    Here an account has proven identifiers alone, proven in one flow of one browser: the attacker's phone number,
    proven beside the victim's address, has no account.
    """
    both_kinds()
    attacker = ApiVisitor()
    attacker.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="phone_code")
    attacker.attempt(newest_code(PHONE), "phone_code")
    victim = ApiVisitor()
    victim.sign_up(email_address=EMAIL, strategy="email_code")
    victim.attempt(newest_code(EMAIL))
    untouched(victim, owner())
    attacker.prepare("email_code")
    assert errors(attacker.attempt(wrong(newest_code(EMAIL)))) == ["form_code_incorrect"]
    attacker.sign_in(PHONE, "phone_code")
    attacker.attempt("000000", "phone_code")
    assert attacker.signed_in is None
    untouched(victim, owner())


def test_unexpired_email_change():
    """The attacker begins to change her account's address to the victim's, and confirms it when it is worth it.

    Here nobody changes the address of an account. The nearest is a sign-up whose address is changed after the
    first was proven: neither that proof nor the first code is good for the second address.
    """
    attacker = ApiVisitor()
    attacker.sign_up(email_address=MALLORY, username="", strategy="email_code")
    before = newest_code(MALLORY)
    attacker.update(email_address=EMAIL)
    attacker.prepare("email_code")
    pending = newest_code(EMAIL)
    victim = joined()
    for code in {before, newest_code(EMAIL)} - {pending}:
        assert errors(attacker.attempt(code)) == ["form_code_incorrect"]
    attacker.update(email_address=MALLORY)
    assert attacker.signed_in is None
    untouched(victim, owner())


def test_non_verifying_identity_provider():
    """The attacker's account carries the victim's address on the word of a provider that has not verified it.

    There is no provider here. The nearest is the site's own `User.email`. It signs nobody in before the victim
    has proven it; then the account is theirs, and the attacker's password and session have ended.
    """
    mallory = get_user_model().objects.create_user("mallory", email=EMAIL, password="planted")
    attacker, signed_in = ApiVisitor(), ApiVisitor()
    signed_in.http.force_login(mallory)
    attacker.sign_in(EMAIL, "email_code")
    assert memory.sent[-1].code == ""
    victim = joined()
    untouched(victim, mallory)
    assert not attacker.http.login(username="mallory", password="planted")
    assert errors(attacker.attempt("000000")) == ["form_code_incorrect"]
    assert attacker.signed_in is None
    assert signed_in.signed_in is None

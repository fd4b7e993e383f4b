"""Existing users: somebody has proven an email address that no identifier has, but a user's email field has.

The threat: whoever has put the address there need not be its owner. An account can be planted with somebody's
address and the planter's password, second factor or social account, and wait (pre-hijacking). So a user is linked
only if nothing but a password leads into the account, and then the password and all sessions end. Where the site
vouches for its email fields, or django-allauth has seen the proof, both are kept.

In order: read who has the address; lock the user; insert the identifiers; read again and judge; change the user's
row, if it and the user's identifiers still are what was judged. All of it happens in the step's transaction, in a
savepoint. The unique identifier lets one of two browsers through.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, router
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from passwordless_otp import allauth_addresses, conf, email_field, users
from passwordless_otp.errors import IdentificationClaimed
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Identifier, InstanceSettings, Refusal, RemovedIdentifier
from passwordless_otp.models.base import columns_of
from passwordless_otp.models.flows import Overtaken
from passwordless_otp.models.refusals import Reason

LINK, TRUST, REFUSE = "link", "trust", "refuse"  # values of EXISTING_USERS

LINKED = {LINK, TRUST}

MAX_LISTED = 10  # users of one address that are recorded when it is refused

# Answered as for an identifier of such a user: another login may not be open to them either.
UNNAMED = {Reason.INACTIVE, Reason.STAFF, Reason.NOT_ALLOWED}
OTHER_WAY = _(
    "There is an account with this email address, and a code does not sign in to it. Sign in the way you did "
    "before."
)


@dataclass(frozen=True)
class Verdict:
    """Whom the address belongs to, and `LINK` or `TRUST`; or why nobody is linked."""

    people: Sequence[Any]
    how: str = ""
    reason: Reason | None = None


def link(
    settings: InstanceSettings, proven: Sequence[IdentifierValue], people: Sequence[Any], by_test_code: bool
) -> tuple[Any, str]:
    """Give the proven identifiers to the one of `people` to whom they belong; return them, and how.

    `people` are the users whose email field has the address, of whom there is at least one. Raises
    `IdentificationClaimed` if nobody may be linked, which is recorded for the operator, and `Overtaken` if
    another request has changed something meanwhile.
    """
    verdict = _judge(settings, proven, people, by_test_code)
    if verdict.reason is not None:
        raise _refuse(proven, verdict.people, verdict.reason)
    [user] = verdict.people
    try:
        with Identifier.objects.changing(user):
            _insert(user, proven)
            _, people = users.people_of(proven)
            again = _judge(settings, proven, people, by_test_code)
            if (list(again.people), again.how) != ([user], verdict.how) or not _take(again.people[0], again.how):
                raise Overtaken
            if again.how == LINK:
                allauth_addresses.keep_only(user, _email_of(proven))
    except IntegrityError as error:
        raise Overtaken from error
    return again.people[0], again.how


def _insert(user: Any, proven: Sequence[IdentifierValue]) -> None:
    taken = {own.kind for own in user.otp_identifiers.all() if own.primary}
    rows = [Identifier(user=user, kind=kind, value=value, primary=kind not in taken) for kind, value in proven]
    Identifier.objects.bulk_create(rows)


def _take(user: Any, how: str) -> bool:
    """Change the user's row if it still is what was judged, and return whether all of the user was.

    Without a usable password no session goes on either: each contains a digest of the password's hash. Whoever
    adds an identifier holds the row, so one that was added meanwhile is there once the row is ours.
    """
    model = get_user_model()
    email = model.get_email_field_name()
    judged = {email, "password", "is_active", "is_staff", "is_superuser"}
    read = {name: getattr(user, name) for name in judged.intersection(columns_of(model))}
    changes = {"password": make_password(None)} if how == LINK else {email: read[email]}
    rows = model._base_manager.using(router.db_for_write(Identifier)).filter(pk=user.pk, **read)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(user, name, value)
    known = len(user.otp_identifiers.all())
    return bool(Identifier.objects.filter(user=user).count() == known)


def _refuse(proven: Sequence[IdentifierValue], people: Sequence[Any], reason: Reason) -> IdentificationClaimed:
    """Record the refusal, and return what the visitor is told."""
    identifier = IdentifierValue(Kind.EMAIL_ADDRESS, _email_of(proven))
    for user in people[:MAX_LISTED]:
        Refusal.objects.record(identifier, user, reason)
    if reason in UNNAMED:
        return IdentificationClaimed()
    return IdentificationClaimed(long_message=OTHER_WAY, other_login_url=conf.get("OTHER_LOGIN_URL"))


# The conditions


def _judge(
    settings: InstanceSettings, proven: Sequence[IdentifierValue], people: Sequence[Any], by_test_code: bool
) -> Verdict:
    """Return who may be linked and how, or why nobody may.

    Inactive users do not stand in an active one's way, nor do those whom no backend has: deleted ones that the
    default manager hides.
    """
    active = [user for user in people if getattr(user, "is_active", True)]
    active = [user for user in active if users.backend_for(user)] or active
    if len(active) != 1:
        return Verdict(active or people, reason=Reason.SEVERAL_USERS if active else Reason.INACTIVE)
    [user] = active
    others = [own for own in user.otp_identifiers.all() if own.identifier not in proven]
    reason = _bar(settings, proven, user, others, by_test_code)
    if reason is None:
        if conf.get("EXISTING_USERS") == TRUST or _allauth_has_verified(user, proven):
            return Verdict(active, how=TRUST)
        reason = _doubt(user, others)
    return Verdict(active, reason=reason) if reason else Verdict(active, how=LINK)


def _bar(
    settings: InstanceSettings,
    proven: Sequence[IdentifierValue],
    user: Any,
    others: Sequence[Identifier],
    by_test_code: bool,
) -> Reason | None:
    """Return why the user is never linked, whatever vouches for the address; `None` if nothing bars it."""
    if users.is_staff(user):
        return Reason.STAFF
    if not (settings.identifies(Kind.EMAIL_ADDRESS) and users.may_sign_in(user, settings, by_test_code)):
        return Reason.NOT_ALLOWED
    if any(own.kind == Kind.EMAIL_ADDRESS for own in others) or _had_email_identifier(user):
        return Reason.OTHER_IDENTIFIER
    return Reason.OTHER_OWNER if allauth_addresses.is_of_another(user, _email_of(proven)) else None


def _doubt(user: Any, others: Sequence[Identifier]) -> Reason | None:
    """Return why a user whose address nobody vouches for is not linked; `None` if only a password leads in."""
    if conf.get("EXISTING_USERS") != LINK:
        return Reason.SETTING
    if others:
        return Reason.PROVEN_PHONE
    return next((reason for reason, holds in OTHER_PROOFS if holds(user)), None)


def _had_email_identifier(user: Any) -> bool:
    return RemovedIdentifier.objects.filter(user=user, kind=Kind.EMAIL_ADDRESS).exists()


def _allauth_has_verified(user: Any, proven: Sequence[IdentifierValue]) -> bool:
    """Return whether django-allauth has the address as verified for this user."""
    return _email_of(proven) in map(email_field.canonical, allauth_addresses.verified(user))


def _email_of(proven: Sequence[IdentifierValue]) -> str:
    return next(value for kind, value in proven if kind == Kind.EMAIL_ADDRESS)


def _has_another_email(user: Any) -> bool:
    """Return whether django-allauth has an address as verified. One of the same value is trusted before."""
    return bool(allauth_addresses.verified(user))


def _has_no_password(user: Any) -> bool:
    return not users.has_password(user)


def _has_social_account(user: Any) -> bool:
    apps_and_models = [("allauth.socialaccount", "SocialAccount"), ("social_django", "UserSocialAuth")]
    return any(_rows(app, model, user=user) for app, model in apps_and_models)


def _has_second_factor(user: Any) -> bool:
    """Return whether the user has a factor of allauth.mfa or a device of django-otp, also one of two-factor.

    A device that was not confirmed yet counts: whoever has begun to set it up knows its secret.
    """
    if _rows("allauth.mfa", "Authenticator", user=user):
        return True
    if not apps.is_installed("django_otp"):
        return False
    return any(True for _device in import_string("django_otp.devices_for_user")(user, confirmed=None))


def _rows(app: str, model: str, **conditions: Any) -> list[Any]:
    """Return the rows of another app that meet these conditions; none where it is not installed."""
    if not apps.is_installed(app):
        return []
    manager = import_string(f"{app}.models.{model}")._base_manager
    return list(manager.using(router.db_for_write(get_user_model())).filter(**conditions))


# Each is a way into the account that whoever had put the address there may have made.
OTHER_PROOFS: list[tuple[Reason, Callable[[Any], bool]]] = [
    (Reason.NO_PASSWORD, _has_no_password),
    (Reason.OTHER_EMAIL, _has_another_email),
    (Reason.SOCIAL_ACCOUNT, _has_social_account),
    (Reason.SECOND_FACTOR, _has_second_factor),
]

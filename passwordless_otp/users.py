"""The site's users: who holds an identifier, who may sign in by code, and how a new user is created."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import signature
from operator import itemgetter
from typing import Any

from django.conf import settings as site
from django.contrib.auth import get_user_model, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DatabaseError, IntegrityError, connections, models, router, transaction

from passwordless_otp import allauth_addresses, conf, email_field
from passwordless_otp.errors import FormatInvalid, IdentificationClaimed, IdentifierExists, ServiceUnavailable
from passwordless_otp.identifiers import IdentifierValue, Kind, forms
from passwordless_otp.models import Identifier, InstanceSettings
from passwordless_otp.models.base import columns_of, compiled_select
from passwordless_otp.models.instance_settings import Presence
from passwordless_otp.visitor import Visitor

logger = logging.getLogger("passwordless_otp.users")

RANDOM_BYTES = 8  # of a username that was made because none was asked for
CONSUMED = "_passwordless_otp_consumed"  # attribute of a request: the id of the flow whose proof it has consumed


def holders_of(identifiers: Sequence[IdentifierValue]) -> dict[IdentifierValue, Any]:
    """Return the user of each identifier that has one, with all identifiers of that user prefetched.

    A number may be stored in an old form. The statements are the same for known and unknown identifiers.
    """
    using, model = router.db_for_write(Identifier), get_user_model()
    own, theirs = columns_of(Identifier), columns_of(model)
    held: dict[Any, list[Identifier]] = {}
    people: dict[Any, Any] = {}
    asked = {each: forms(each) if each.kind == Kind.PHONE_NUMBER else [each] for each in identifiers}
    for row in compiled_select(
        _held, using, *[part for all_ in asked.values() for form in all_ for part in form]
    ):
        identifier = Identifier.from_db(using, own, row[: len(own)])
        if identifier.user_id not in people:
            people[identifier.user_id] = model.from_db(using, theirs, row[len(own) :])
        identifier.user = people[identifier.user_id]
        held.setdefault(identifier.user_id, []).append(identifier)
    for pk, user in people.items():
        know(user, held[pk])
    values = {(each.kind, each.value): people[each.user_id] for found in held.values() for each in found}
    return {each: values[form] for each, all_ in asked.items() for form in reversed(all_) if form in values}


def _held(using: str, *parts: str) -> models.QuerySet[Any, Any]:
    """Return all identifiers, with their user, of those who have these: `parts` are kind, value, kind, value."""
    wanted = models.Q()
    for kind, value in zip(parts[::2], parts[1::2], strict=True):
        holder = Identifier.objects.using(using).filter(kind=kind, value=value).values("user")
        wanted |= models.Q(user=holder[:1])  # PostgreSQL plans it in a fifth of the time that `IN` takes
    columns = [*columns_of(Identifier), *[f"user__{name}" for name in columns_of(get_user_model())]]
    return Identifier.objects.using(using).filter(wanted).values_list(*columns)


def people_of(proven: Sequence[IdentifierValue]) -> tuple[dict[IdentifierValue, Any], list[Any]]:
    """Return the user of each identifier that has one, and the users whose email field has the proven address.

    All their identifiers are prefetched by the same statement: a user who is just being linked is read before or
    after, and never with an identifier and the password of before.
    """
    using, spellings = router.db_for_write(Identifier), _spellings(proven)
    if not spellings:
        return holders_of(proven), []
    asked = {each: forms(each) if each.kind == Kind.PHONE_NUMBER else [each] for each in proven}
    parts = [part for all_ in asked.values() for form in all_ for part in form]
    model, own, theirs = get_user_model(), columns_of(Identifier), columns_of(get_user_model())
    people: dict[Any, Any] = {}
    held: dict[Any, list[Identifier]] = {}
    for row in compiled_select(_held_or_same_email, using, *parts, *spellings):
        user = model.from_db(using, theirs, row[len(own) :])
        user = people.setdefault(user.pk, user)
        if row[0] is not None:
            identifier = Identifier.from_db(using, own, row[: len(own)])
            identifier.user = user
            held.setdefault(user.pk, []).append(identifier)
    for pk, user in people.items():
        know(user, held.get(pk, []))
    values = {each.identifier: people[pk] for pk, found in held.items() for each in found}
    holders = {each: values[form] for each, all_ in asked.items() for form in reversed(all_) if form in values}
    return holders, [user for user in people.values() if has_email(user, proven)]


def _held_or_same_email(using: str, *values: str) -> models.QuerySet[Any, Any]:
    """Return the users who have these, with all identifiers that they have.

    `values` are kind, value, kind, value, then one or two spellings.
    """
    parts = 2 * ((len(values) - 1) // 2)
    wanted = models.Q()
    for kind, value in zip(values[:parts:2], values[1:parts:2], strict=True):
        wanted |= models.Q(kind=kind, value=value)
    held = Identifier.objects.using(using).filter(wanted).values("user_id")
    both = held.union(_having_email(using, *values[parts:]).values("pk"), all=True)
    model = get_user_model()
    users = model._base_manager.using(using).filter(pk__in=both).order_by("pk")
    return users.values_list(*[f"otp_identifiers__{name}" for name in columns_of(Identifier)], *columns_of(model))


def _same_email(using: str, *spellings: str) -> models.QuerySet[Any, Any]:
    return _having_email(using, *spellings).values_list(*columns_of(get_user_model()))


def _having_email(using: str, *spellings: str) -> models.QuerySet[Any, Any]:
    wanted = models.Q()
    for spelling in spellings:
        wanted |= models.Q(**{f"{_email_name()}__iexact": spelling})
    return get_user_model()._base_manager.using(using).filter(wanted).order_by()


def _spellings(proven: Sequence[IdentifierValue]) -> list[str]:
    """Return the address as an email field may have it, prepared for `iexact`; none if no field can have it."""
    if email_field.find() is None:
        return []
    prepare = connections[router.db_for_write(Identifier)].ops.prep_for_iexact_query
    emails = [value for kind, value in proven if kind == Kind.EMAIL_ADDRESS]
    return [prepare(form) for value in emails for form in email_field.spellings(value)]


def has_email(user: Any, proven: Sequence[IdentifierValue]) -> bool:
    """Return whether the canonical form of the user's email field is one of these identifiers.

    A database also finds letters that look alike or fold to the same (CVE-2019-19844).
    """
    return IdentifierValue(Kind.EMAIL_ADDRESS, email_field.of(user)) in proven


def know(user: Any, identifiers: Sequence[Identifier]) -> None:
    """Keep these as the prefetched identifiers of the user: until one is added or removed, nothing is read."""
    own: Any = models.QuerySet(Identifier, using=router.db_for_write(Identifier))
    own._result_cache = list(identifiers)
    user._prefetched_objects_cache = {**getattr(user, "_prefetched_objects_cache", {}), "otp_identifiers": own}


def is_staff(user: Any) -> bool:
    """Return whether the user has access to the admin: staff or superuser."""
    return getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)


def needs_notice(user: Any, visitor: Visitor) -> bool:
    """Return whether this sign-in needs a security notice: a returning user in a browser new to them."""
    if user is None or user.pk in visitor.users:
        return False
    return "last_login" not in columns_of(get_user_model()) or user.last_login is not None


def may_sign_in(user: Any, settings: InstanceSettings, by_test_code: bool = False) -> bool:
    """Return whether the user may sign in by code. `None` stands for nobody: the same statements, and a no.

    A user has to be active, and not staff unless a superuser allows it. An authentication backend has to know
    them, and the site's MAY_SIGN_IN, if there is one, has to agree.
    """
    backend = backend_for(user)  # first, and for everybody: it may read
    if user is None or not backend or not getattr(user, "is_active", True):
        return False
    if is_staff(user) and (by_test_code or not settings.staff_sign_in):
        return False
    return not conf.get("MAY_SIGN_IN") or _site_allows(user)


def _site_allows(user: Any) -> bool:
    try:
        return bool(conf.function("MAY_SIGN_IN")(user))
    except DatabaseError:
        raise
    except Exception:  # an error page would tell that the user exists
        logger.exception("MAY_SIGN_IN failed for user %s, who is refused", user.pk)
        return False


def backend_for(user: Any) -> str:
    """Return the path of the authentication backend for this user's session; empty if none has them.

    One that takes `otp_flow` comes first, then the order of AUTHENTICATION_BACKENDS counts. A backend has a user
    if its `get_user` finds them, as each later request asks, and its `user_can_authenticate` agrees. Whatever has
    to look users up does so for `None` as well, and whether or not another backend has the user already.
    """
    model, chosen = get_user_model(), ""
    for path, looks_up in _backends(tuple(site.AUTHENTICATION_BACKENDS), model):
        backend: Any = load_backend(path)
        try:
            pk = model._meta.pk.to_python(0) if user is None else user.pk  # nobody's
            found = backend.get_user(pk) if looks_up else user
            has = found is not None and getattr(backend, "user_can_authenticate", bool)(found)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("%s failed for a user, who is refused", path)
            has = False
        if has and not chosen:
            chosen = path
    return chosen


@cache
def _backends(paths: tuple[str, ...], model: Any) -> list[tuple[str, bool]]:
    """Return the backends that have users, and whether each has to look one up; decided once for a process.

    Raises `ServiceUnavailable` for one that can't be imported. `ModelBackend.get_user` finds every user, unless
    the default manager of the user model leaves some out.
    """
    leaves_out = type(model._default_manager).get_queryset is not models.Manager.get_queryset
    found = []
    for path in paths:
        try:
            backend = load_backend(path)
        except ImportError as error:
            logger.exception(
                "AUTHENTICATION_BACKENDS names %s, which can't be imported: nobody can sign in", path
            )
            raise ServiceUnavailable from error
        if hasattr(backend, "get_user"):
            authenticate = getattr(backend, "authenticate", None)
            takes_flow = authenticate is not None and "otp_flow" in signature(authenticate).parameters
            looks_up = leaves_out or type(backend).get_user is not ModelBackend.get_user
            found.append((not takes_flow, path, looks_up))
    return [(path, looks_up) for _, path, looks_up in sorted(found, key=itemgetter(0))]


def has_password(user: Any) -> bool:
    """Return whether the user can sign in with a password as well. An empty password counts as none."""
    return bool(user.password) and bool(user.has_usable_password())


def end_sessions(user: Any) -> bool:
    """End all sessions of the user, and return whether that was possible: not for users with a password.

    Each session contains a digest of the password hash, so another unusable password ends them all. A usable
    password can't be replaced without knowing it. A password that is set at the same time is not overwritten; it
    ends the sessions itself.
    """
    if has_password(user) or _field("password") is None:
        return False
    model = get_user_model()
    users = model._base_manager.using(router.db_for_write(model))
    users.filter(pk=user.pk, password=user.password).update(password=make_password(None))
    return True


def make(proven: Sequence[IdentifierValue], details: Mapping[str, Any]) -> Any:
    """Create the user who has proven these identifiers. Raises `IdentifierExists` or `IdentificationClaimed`.

    Whether another user's email field has the address is asked once the identifiers are inserted: then nobody
    else can be making or linking a user for it.
    """
    given = {kind.value: "" for kind in Kind} | {identifier.kind.value: identifier.value for identifier in proven}
    try:
        with transaction.atomic(router.db_for_write(Identifier)):  # a savepoint: verifications stay verified
            user = conf.function("CREATE_USER")(**given, **details)
            rows = [Identifier(user=user, kind=kind, value=value) for kind, value in proven]
            Identifier.objects.bulk_create(rows)
            for email in [row.value for row in rows if row.kind == Kind.EMAIL_ADDRESS]:
                allauth_addresses.follow(user, [], [email], email)
            know(user, rows)
            _require_only_user(user, proven)
    except IntegrityError as error:
        if _username_taken(details["username"]):
            raise IdentifierExists("username") from error
        # Not the error itself: databases put the values into it, and one of them is the identifier.
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        logger.warning("a proven sign-up made no user: %s %s", type(error).__name__, constraint)
        raise IdentificationClaimed from error
    return user


def _require_only_user(user: Any, proven: Sequence[IdentifierValue]) -> None:
    using, spellings, model = router.db_for_write(Identifier), _spellings(proven), get_user_model()
    rows = compiled_select(_same_email, using, *spellings) if spellings else []
    others = [model.from_db(using, columns_of(model), row) for row in rows]
    if any(other.pk != user.pk and has_email(other, proven) for other in others):
        raise IdentificationClaimed


def create_user(*, email_address: str, phone_number: str, **details: Any) -> AbstractBaseUser:
    """Save and return a user with an unusable password: the default of the setting CREATE_USER.

    `details` are `first_name`, `last_name`, `username` (each may be empty) and `unsafe_metadata`, a dict that the
    visitor has sent and nobody has checked. Values for which the user model has no field are dropped.
    """
    model = get_user_model()
    names = {name: details[name] for name in ["first_name", "last_name"]}
    values = {_email_name(): email_address, **names}
    login_name = username_field()
    if login_name is not None:
        values[login_name.name] = details["username"] or secrets.token_hex(RANDOM_BYTES)
    user = model(**{name: value for name, value in values.items() if _field(name) is not None})
    email = email_field.find()
    if email is not None and email.null and not email_address:
        setattr(user, email.name, None)
    user.set_unusable_password()
    user.save()
    return user


def username_field() -> "models.Field[Any, Any] | None":
    """Return USERNAME_FIELD, or the field `username` where that is the email field; `None` without one."""
    login_name = get_user_model().USERNAME_FIELD
    field: models.Field[Any, Any] | None = _field("username" if login_name == _email_name() else login_name)
    return field


def clean(name: str, text: str) -> str:
    """Return a name as the user model takes it. Raises `FormatInvalid`, or `IdentifierExists` if taken."""
    field = username_field() if name == "username" else _field(name)
    text = get_user_model().normalize_username(text) if name == "username" else text
    if field is not None:
        try:
            field.run_validators(text)
        except ValidationError as error:
            raise FormatInvalid(name, " ".join(error.messages)) from error
    if name == "username" and _username_taken(text):
        raise IdentifierExists(name)
    return text


def username_of(user: Any, settings: InstanceSettings) -> str | None:
    """Return the username if the site asks for one; else `None`, since a random one was made."""
    if settings.username == Presence.OFF:
        return None
    field = username_field()
    return getattr(user, field.name, None) or None if field is not None else None


def _username_taken(username: str) -> bool:
    field = username_field()
    if not username or field is None:
        return False
    model = get_user_model()
    users = model._base_manager.using(router.db_for_write(model))
    return users.filter(**{field.name: username}).exists()


def _field(name: str) -> Any:
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _email_name() -> str:
    return str(get_user_model().get_email_field_name())

"""What is deleted when: the rules of `manage.py otp_purge`.

It works in batches by primary key. Each batch is a transaction of its own that never waits for the lock of a row:
what a request holds at that moment stays until the next run. So it is part of no deadlock.

Locks are taken in the order of every step: flow, verification, message. Rows are deleted by statements on sets,
children first, and no signals of models are sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connections, models, router
from django.db.models import Exists, OuterRef, Q, QuerySet

from passwordless_otp import links
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Counter, Flow, Identifier, Message, UnlockGrant, Verification, base
from passwordless_otp.models.base import SKEW, retry_on_conflict
from passwordless_otp.models.flows import Purpose, Status
from passwordless_otp.models.messages import MessageKind

# For how long what is over is kept. A completed flow recognises its browser, as long as that has its cookie.
COMPLETED = timedelta(days=180)
KNOWN = timedelta(days=90)  # a sign-in of a user that was not completed: they may ask what has happened
OTHERS = timedelta(days=30)
MESSAGES = timedelta(days=30)

BATCH = 1000  # rows in one transaction
IN_USE = "55P03"  # PostgreSQL: somebody else has the lock
DAY = timedelta(days=1)
# What goes with a row: the model, and its foreign key.
CHILDREN: dict[type[models.Model], list[tuple[type[models.Model], str]]] = {
    Flow: [(Verification, "flow"), (Message, "flow")],
    Verification: [(Message, "verification")],
    Message: [(UnlockGrant, "message")],
}


@dataclass(frozen=True)
class Part:
    """Rows of one kind whose time is over. They are deleted, or changed where there are `changes`."""

    label: str
    rows: QuerySet[Any]
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """What becomes of them, in a word."""
        return "erased" if self.changes else "deleted"


def parts(now: datetime) -> list[Part]:
    """Return what is over at `now`. Each row that is deleted for itself belongs to one part only."""
    past = now - SKEW  # of a server whose clock is late
    dropped = Q(status=Status.PROVEN, expires_at__lte=past) | Q(status=Status.ENDED)
    proofs = Flow.objects.filter(dropped, details__has_key="proof")
    over = Flow.objects.filter(pk=OuterRef("flow"), expires_at__lte=past)
    codes = Verification.objects.exclude(nonce="").filter(Exists(over), expires_at__lte=past)
    messages = Message.objects.filter(created_at__lte=now - MESSAGES, pk__lt=_first_id(now - MESSAGES + DAY))
    return [
        Part("counters", Counter.objects.filter(expires_at__lte=int(past.timestamp()))),
        Part("unlock grants", UnlockGrant.objects.filter(expires_at__lte=past)),
        Part("messages", messages.exclude(_has_working_link(now))),
        *_flows(now),
        Part("ended proofs", proofs, {"status": Status.ENDED, "details": {}, "recognised_for": []}),
        Part("expired codes", codes, {"nonce": ""}),
    ]


def _flows(now: datetime) -> list[Part]:
    """Return the flows that are over. With them go their verifications and messages."""
    notices = Message.objects.filter(_has_working_link(now), flow=OuterRef("pk"))
    flows = Flow.objects.filter(~Exists(notices))
    completed = flows.filter(status=Status.COMPLETE, completed_at__lte=now - COMPLETED)
    failed = flows.exclude(status=Status.COMPLETE).filter(expires_at__lte=now - SKEW)
    typed = {kind: {"kind": kind, "value": OuterRef(kind.value)} for kind in Kind}
    email, phone = [Exists(Identifier.objects.filter(**typed[kind])) for kind in Kind]
    known = Q(user__isnull=False) | Q(email | phone, purpose=Purpose.SIGN_IN)
    return [
        Part("completed flows", completed.filter(pk__lt=_first_id(now - COMPLETED + DAY))),
        Part("failed or abandoned sign-ins of users", _begun(failed.filter(known), now - KNOWN)),
        Part("other flows", _begun(failed.filter(~known), now - OTHERS)),
    ]


def _begun(flows: QuerySet[Any], until: datetime) -> QuerySet[Any]:
    return flows.filter(created_at__lte=until, pk__lt=_first_id(until + DAY))


def _has_working_link(now: datetime) -> Q:
    """Return a filter for security notices whose link may still work: it is signed when the notice is sent."""
    return Q(kind=MessageKind.SECURITY_NOTICE, claimed_at__gt=now - links.LIFE - SKEW)


def _first_id(at: datetime) -> UUID:
    """Return the id below which all rows are that were made before `at`: what is younger need not be read."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def purge(part: Part) -> Iterator[int]:
    """Delete or change the rows of this part, and yield their number after each batch."""
    rows = part.rows.order_by("pk")
    page = list(rows.values_list("pk", flat=True)[:BATCH])
    while page:
        yield _purge_batch(part, page)
        page = list(rows.filter(pk__gt=page[-1]).values_list("pk", flat=True)[:BATCH])


def _purge_batch(part: Part, pks: Sequence[Any]) -> int:
    """Purge these rows, but those that somebody uses. Return how many are done."""
    try:
        return _in_transaction(part, pks)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != IN_USE:
            raise
    if len(pks) == 1:
        return 0
    half = len(pks) // 2
    return _purge_batch(part, pks[:half]) + _purge_batch(part, pks[half:])


@retry_on_conflict
def _in_transaction(part: Part, pks: Sequence[Any]) -> int:
    model = part.rows.model
    with base.durable(model):
        _begin_with_write(model)
        own = part.rows.filter(pk__in=pks).order_by("pk")
        held = list(own.select_for_update(skip_locked=True).values_list("pk", flat=True))
        if part.changes:
            model.objects.filter(pk__in=held).update(**part.changes)
        else:
            _delete(model, held)
    return len(held)


def _begin_with_write(model: type[models.Model]) -> None:
    """Take SQLite's lock before anything is read: a transaction that reads first may not write later."""
    connection = connections[router.db_for_write(model)]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE 1 = 0')  # noqa: S608


def _delete(model: type[models.Model], pks: Sequence[Any]) -> None:
    """Delete these locked rows, after their children. Raises `OperationalError` if one of those is in use."""
    if not pks:
        return
    for child, name in CHILDREN.get(model, []):
        rows = child._default_manager.filter(**{f"{name}__in": pks}).order_by("pk")
        _delete(child, list(rows.select_for_update(nowait=True).values_list("pk", flat=True)))
    meta, connection = model._meta, connections[router.db_for_write(model)]
    keys = [meta.pk.get_db_prep_value(pk, connection) for pk in pks]
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{meta.db_table}" WHERE "{meta.pk.column}" IN ({places})', keys)  # noqa: S608

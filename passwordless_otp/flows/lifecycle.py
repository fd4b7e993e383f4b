"""A flow from its beginning to its end: open it, take it through a step, end it.

Each step in an open flow is one durable transaction whose first statement takes the flow's row: of two steps of
one flow, the second waits for the first and goes on from what it has left. Only a wrong code takes the row of its
verification instead. A step changes a copy: a transaction that is rolled back leaves no half-changed flow.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth import get_user_model
from django.db import DatabaseError, OperationalError, router, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp.errors import OTPError, ResourceNotFound, ServiceUnavailable, TooManyRequests
from passwordless_otp.flows import unlock
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, Identifier, InstanceSettings, Verification, base
from passwordless_otp.models.flows import Overtaken, Purpose, Status, VerificationStatus, read_flows
from passwordless_otp.numbering_plans import newest
from passwordless_otp.rate_limits import throttle
from passwordless_otp.visitor import Visitor

P = ParamSpec("P")
WRONG_CODES = {"ip_failures", "instance_failures", "instance_failures_per_day"}  # limits that refuse any code


@contextmanager
def step(flow: Flow, **changes: Any) -> Iterator[Flow]:
    """Run a step in one durable transaction that begins with the flow's row; yield the flow with `changes`.

    Raises the reason if the flow can't go on, and `RuntimeError` inside a transaction of the site.
    """
    with transaction.atomic(router.db_for_write(Flow), durable=True):
        yield flow.touch(**changes)


def counted(
    step: Callable[Concatenate[InstanceSettings, Flow | None, Visitor, P], Flow],
) -> Callable[Concatenate[InstanceSettings, Flow | None, Visitor, P], Flow]:
    """Count a refusal that nothing else has counted, or it could be asked for without end: for `create`.

    Past the limit of steps, `TooManyRequests` is raised in its place.
    """

    @wraps(step)
    @sensitive_variables()
    def run(
        settings: InstanceSettings, flow: Flow | None, visitor: Visitor, /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow:
        try:
            return step(settings, flow, visitor, *args, **kwargs)
        except OTPError as refusal:
            _count(settings, flow, visitor, refusal)
            raise

    return run


def retry(
    step: Callable[Concatenate[InstanceSettings, Flow, Visitor, P], Flow],
) -> Callable[Concatenate[InstanceSettings, Flow, Visitor, P], Flow]:
    """Run a step again after a conflict, or where another request was faster, on the flow as it then is.

    Three times in all; then it raises `ServiceUnavailable`. `step` must raise conflicts only while nothing of it
    is committed, so that one code never costs two tries. Refusals are counted as by `counted`.
    """

    @wraps(step)
    @sensitive_variables()
    def run(
        settings: InstanceSettings, flow: Flow, visitor: Visitor, /, *args: P.args, **kwargs: P.kwargs
    ) -> Flow:
        for _ in range(base.TRIES):
            try:
                return step(settings, flow, visitor, *args, **kwargs)
            except Overtaken:
                pass
            except OperationalError as error:
                if not base.is_conflict(error):
                    raise
            except OTPError as refusal:
                _count(settings, flow, visitor, refusal)
                raise
            flow = reread(flow)
        raise ServiceUnavailable

    return run


def _count(settings: InstanceSettings, flow: Flow | None, visitor: Visitor, refusal: OTPError) -> None:
    """Count this refusal as a step. Where a limit keeps a code from being handed in, offer a way around it."""
    refuses_code = isinstance(refusal, TooManyRequests) and refusal.scope in WRONG_CODES
    if refuses_code and flow and (verification := flow.newest()):
        unlock.offer(settings, visitor, verification.identifier)
    if not (refusal.compared or refusal.is_proven or isinstance(refusal, ServiceUnavailable)):
        throttle.count_step(settings, visitor, flow)


def reread(flow: Flow) -> Flow:
    """Return the flow and its verifications as the database has them. Raises the reason if it can't go on.

    It keeps the client under which this request has found it: who may go on is judged by that one.
    """
    found = read_flows(pk=flow.pk)
    if not found:
        raise ResourceNotFound
    now = found[0]
    if now.status != Status.OPEN or now.abandoned:
        raise now.refusal()
    now.client = flow.client
    return now


def new(client: str, purpose: Purpose, identifiers: Sequence[IdentifierValue], details: dict[str, Any]) -> Flow:
    """Return a new flow of this client. Nothing is saved."""
    values = {identifier.kind.value: identifier.value for identifier in identifiers}
    flow = Flow(client=client, purpose=purpose, details=details, **values)
    flow.known_verifications = []
    return flow


def replace(current: Flow | None, flow: Flow) -> None:
    """End `current` and save a new flow. Raises `IntegrityError` if a parallel request was faster."""
    if current is not None:
        end(flow.client, Purpose(flow.purpose))
    flow.save(force_insert=True)


def concurrent_flow(client: str, purpose: Purpose) -> Flow:
    """Return the flow that a parallel `create` of this client has opened, or raise `ServiceUnavailable`."""
    found = read_flows(client=client, purpose=purpose, status=Status.OPEN)
    if not found or found[0].abandoned:
        raise ServiceUnavailable
    return found[0]


def end(client: str, *purposes: Purpose) -> None:
    """End this client's open flows of these purposes; erase what their codes derive from, void their proofs."""
    if Flow.objects.end(client, *purposes):
        _erase(Verification.objects.filter(flow__client=client))


@base.retry_on_conflict
def end_open_flows(client: str) -> None:
    """End all open flows of this client."""
    with base.durable(Flow):
        end(client, *Purpose)


def keep_recognition(client: str, flow: Flow) -> None:
    """Let the browser stay recognised if this flow, in whose transaction that is, has moved on from `client`.

    What the browser completed before moves along, and the old cookie is worth nothing. The user who has now
    completed this flow needs no older one, unless the proof waits: it may never be taken.
    """
    if flow.client != client:
        done = flow.user if flow.status == Status.COMPLETE else None
        Flow.objects.move_completed(client, flow.client, done)


def end_others(client: str) -> None:
    """After a proof: end what else was open under the old cookie, which may have been planted."""
    try:
        end_open_flows(client)
    except (DatabaseError, ServiceUnavailable) as error:
        raise ServiceUnavailable(is_proven=True) from error  # the cookie has moved all the same


def end_all_of(user: Any) -> None:
    """End the open flows of every browser in which an identifier of this user was typed, and proofs that wait."""
    typed: dict[str, list[str]] = {kind.value: [] for kind in Kind}
    for kind, value in Identifier.objects.filter(user=user).values_list("kind", "value"):
        typed[kind] += [value, newest(value)] if kind == Kind.PHONE_NUMBER else [value]
    typed_theirs = Q(email_address__in=typed[Kind.EMAIL_ADDRESS]) | Q(phone_number__in=typed[Kind.PHONE_NUMBER])
    theirs = typed_theirs & Q(status=Status.OPEN) | Q(user=user, status=Status.PROVEN)
    pks = list(Flow.objects.filter(theirs).values_list("pk", flat=True))
    still = Flow.objects.filter(pk__in=pks, status__in=[Status.OPEN, Status.PROVEN])
    still.update(status=Status.ENDED, extra="")
    _erase(Verification.objects.filter(flow__in=pks))


# A proof that waits for the step of BEFORE_LOGIN


def waiting_proof(pk: str, client: str) -> Flow | None:
    """Return the flow of this client whose proof waits, with its user read anew."""
    found = read_flows(pk=pk, client=client, status=Status.PROVEN, expires_at__gt=timezone.now())
    if not found:
        return None
    model = get_user_model()
    people: Any = model._base_manager.using(router.db_for_write(model))
    found[0].user = people.filter(pk=found[0].user_id).first()
    return found[0]


def take_proof(flow: Flow) -> None:
    """Complete a flow whose proof waits. Raises `ResourceNotFound` if it waits no more.

    What else follows from a right code happens here: limits are refunded, and security notices sent.
    """
    with base.durable(Flow):
        if not flow.take_proof():
            raise ResourceNotFound
        Flow.objects.drop_older(flow)
    proven = [each for each in flow.known_verifications if each.status == VerificationStatus.VERIFIED]
    if not flow.made_user:
        throttle.refund_sign_in(proven)
    dispatch.announce_sign_in(flow)


def drop_proof(pk: object) -> None:
    """End a flow whose proof waits, if it does."""
    Flow.objects.filter(pk=pk, status=Status.PROVEN).update(status=Status.ENDED)


def _erase(verifications: Any) -> None:
    ended = verifications.filter(flow__status=Status.ENDED)
    proof = Q(status=VerificationStatus.TRANSFERABLE)
    void = Case(When(proof, Value(VerificationStatus.EXPIRED)), default=F("status"))
    ended.filter(~Q(nonce="") | proof).update(nonce="", status=void)

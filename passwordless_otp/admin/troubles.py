"""What an operator should look after, in sentences."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from passwordless_otp.admin import sms_troubles
from passwordless_otp.models import Circuit, InstanceSettings, Message
from passwordless_otp.models.circuits import THRESHOLD
from passwordless_otp.models.messages import MessageStatus

NEWEST = 50  # messages that are looked at
LATE = timedelta(minutes=1)  # a message that nobody has tried by then waits for a worker that is not there
LIMIT = 1000  # messages that are counted


def now() -> list[str]:
    """Return a sentence for each trouble with delivery; none where messages go out."""
    return [*sms_troubles.now(InstanceSettings.current()), *_waiting(), *_passed_over(), *_failing()]


def _waiting() -> list[str]:
    late = Message.objects.due(timezone.now()).filter(created_at__lt=timezone.now() - LATE)[:LIMIT].count()
    if not late:
        return []
    sentence = ngettext(
        "%(count)s message waits for a worker. Run the one of your task queue, or manage.py otp_deliver.",
        "%(count)s messages wait for a worker. Run the one of your task queue, or manage.py otp_deliver.",
        late,
    )
    return [sentence % {"count": f"{late}+" if late == LIMIT else late}]


def _passed_over() -> list[str]:
    sentence = _("%(provider)s keeps failing: it is passed over until %(time)s.")
    circuits = Circuit.objects.filter(failures__gte=THRESHOLD, open_until__gt=timezone.now())
    return [
        sentence
        % {"provider": short(circuit.name), "time": time_format(timezone.localtime(circuit.open_until), "H:i:s")}
        for circuit in circuits.order_by("name")
    ]


def _failing() -> list[str]:
    newest = list(Message.objects.order_by("-pk").values_list("status", "backend", "error_code")[:NEWEST])
    failed = [row for row in newest if row[0] in {MessageStatus.FAILED, MessageStatus.UNKNOWN}]
    if not failed:
        return []
    sentence = ngettext(
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. The answer was: %(answer)s.",
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. "
        "The newest answer was: %(answer)s.",
        len(failed),
    )
    _status, backend, code = failed[0]
    answer = f"{short(backend)}: {code}"
    return [sentence % {"all": len(newest), "count": len(failed), "answer": answer}]


def short(path: str) -> str:
    """Return the name of a provider's class, without `Backend`."""
    return path.rpartition(".")[2].replace("Backend", "") or "–"

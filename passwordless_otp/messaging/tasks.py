"""Deliver in Django's own task queue, or its backport. Can't be imported where there is neither."""

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task  # type: ignore[no-redef]

from passwordless_otp.messaging.deliver import deliver_message


@task
def deliver(message_id: str) -> None:
    """Do what is due for this message. A backend that can't wait leaves the next try to `otp_deliver`."""
    again = deliver_message(message_id)
    if again and deliver.get_backend().supports_defer:
        deliver.using(run_after=again).enqueue(message_id)

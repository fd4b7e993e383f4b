"""Deliver in Django's own task queue, or its backport. Can't be imported where neither is installed."""

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task  # type: ignore[no-redef]

from passwordless_otp.messaging.deliver import run_job


@task
def deliver(job: str) -> None:
    """Do what is due for this job. Backends that can't defer tasks leave the next try to `otp_deliver`."""
    again = run_job(job)
    if again and deliver.get_backend().supports_defer:
        deliver.using(run_after=again).enqueue(job)

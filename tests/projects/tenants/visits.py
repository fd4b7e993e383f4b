"""A process of the site: visits to two tenants, and what came of them, as JSON by the name of each scenario."""

import io
import json
import time
from contextlib import contextmanager

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import override_settings  # noqa: E402
from django_tenants.utils import schema_context  # noqa: E402

from passwordless_otp.identifiers import IdentifierValue, Kind  # noqa: E402
from passwordless_otp.messaging import dispatch, thread_pool  # noqa: E402
from passwordless_otp.messaging.deliver import run_job  # noqa: E402
from passwordless_otp.models import Counter, Flow, Identifier, Message, ProviderHealth, Restriction  # noqa: E402
from passwordless_otp.models.provider_health import THRESHOLD  # noqa: E402
from tests.projects.tenants import hooks  # noqa: E402
from tests.projects.tenants.models import Domain, Tenant  # noqa: E402
from tests.projects.tenants.settings import PASSWORDLESS_OTP  # noqa: E402
from tests.visitor import ApiVisitor, errors, operate  # noqa: E402

PATIENCE = 60  # seconds


def prepare():
    """Make two tenants. Each has its name, and the instance settings that tell it from the other."""
    call_command("migrate_schemas", "--shared", verbosity=0)
    make_tenants()
    for name, switches in [("a", {"staff_sign_in": True}), ("b", {"sign_up_mode": "closed"})]:
        with schema_context(f"t_{name}"):
            operate(application_name=name.upper() * 3, **switches)
            admin = get_user_model().objects.create_superuser("root", "", "secret")
            Identifier.objects.create(user=admin, kind="email_address", value="root@example.com")


def make_tenants():
    for name in ["a", "b"]:
        tenant = Tenant.objects.create(schema_name=f"t_{name}", name=name.upper())
        Domain.objects.create(domain=f"{name}.shop.example", tenant=tenant)


def operate_in(schema, **changes):
    with schema_context(schema):
        operate(**changes)


@contextmanager
def setting(**changes):
    backend = {"BACKEND": f"{hooks.__name__}.TenantBackend"}
    given = {**PASSWORDLESS_OTP, "DELIVERY": {"email": [backend], "sms": [backend]}, **changes}
    hooks.taken.clear()
    hooks.recorded.clear()
    with override_settings(PASSWORDLESS_OTP=given):
        yield


def at(tenant):
    return ApiVisitor(host=f"{tenant}.shop.example", user_agent="test")


def asked(tenant, email="root@example.com"):
    visitor = at(tenant)
    visitor.sign_in(email, "email_code")
    return visitor


def statuses(schema):
    with schema_context(schema):
        return sorted(Message.objects.values_list("status", flat=True))


def cleared():
    for schema in ["t_a", "t_b"]:
        with schema_context(schema):
            Message.objects.all().delete()
            Flow.objects.all().delete()
            Counter.objects.all().delete()


def joined_by_threads():
    """Sign up at one tenant, then sign in there with another browser: two codes and a security notice."""
    with setting():
        visitor = at("a")
        visitor.sign_up(email_address="jane@example.com", strategy="email_code")
        thread_pool.drain(PATIENCE)
        code = hooks.taken[-1][1].code
        answer = visitor.attempt(code)
        again = asked("a", "jane@example.com")
        thread_pool.drain(PATIENCE)
        again.attempt(hooks.taken[-1][1].code)
        thread_pool.drain(PATIENCE)
        return {
            "status": answer.json()["response"]["status"],
            "tenants": [tenant for tenant, _ in hooks.taken],
            "statuses": statuses("t_a"),
            "texts": [message.text for _, message in hooks.taken],
            "other": statuses("t_b"),
        }


def settings_within_a_second():
    with setting():
        started, seen = time.monotonic(), []
        for tenant in ["a", "b", "a"]:
            shown = at(tenant).get("environment").json()
            mode = shown["user_settings"]["sign_up"]["mode"]
            seen.append([shown["display_config"]["application_name"], mode, shown["display_config"]["home_url"]])
        return {"seen": seen, "quick": time.monotonic() - started < 1}


def superusers_of_each():
    """One tenant lets staff sign in with a code, the other does not."""
    with setting(DISPATCH="blocking"):
        found = {}
        for tenant in ["a", "b"]:
            asked(tenant)
            found[tenant] = hooks.taken[-1][1].code != ""
        return found


def restrictions_of_each():
    with setting(DISPATCH="blocking"):
        operate_in("t_b", sign_up_mode="public")
        with schema_context("t_a"):
            Restriction.objects.create(pattern="@blocked.example")
        answers = [at(tenant).sign_up(email_address="x@blocked.example") for tenant in ["a", "b"]]
        return [errors(answer) if answer.status_code >= 400 else [] for answer in answers]


def left_behind(command, **options):
    cleared()
    with setting(DISPATCH="tests.hooks.record"):
        asked("a")
        asked("b")
        connection.set_schema_to_public()  # the middleware has left the last tenant there
        output = io.StringIO()
        call_command(*command, stdout=output, **options)
        return {"a": statuses("t_a"), "b": statuses("t_b"), "output": output.getvalue().splitlines()[-1]}


def not_ready():
    """A tenant whose schema is still to be made holds up nobody."""
    tenant = Tenant(schema_name="t_0", name="0")
    tenant.auto_create_schema = False
    connection.set_schema_to_public()
    tenant.save()
    errors = io.StringIO()
    found = left_behind(["otp_deliver"], stderr=errors)
    connection.set_schema_to_public()
    Tenant.objects.filter(pk=tenant.pk).delete()
    return {**found, "errors": errors.getvalue().strip()}


def purged():
    """What is over is deleted in every schema; one without tables is told of, and holds up nobody."""
    tenant = Tenant(schema_name="t_0", name="0")
    tenant.auto_create_schema = False
    connection.set_schema_to_public()
    tenant.save()
    for schema in ["t_a", "t_b"]:
        with schema_context(schema):
            Counter.objects.create(key="old", window=1, count=1, limit=9, expires_at=2)
    told = ""
    try:
        call_command("otp_purge", verbosity=0)
    except CommandError as error:
        told = str(error)
    connection.set_schema_to_public()
    Tenant.objects.filter(pk=tenant.pk).delete()
    left = {}
    for schema in ["t_a", "t_b"]:
        with schema_context(schema):
            left[schema] = Counter.objects.filter(key="old").count()
    return {**left, "errors": told}


def queued():
    """Any worker runs a job in the schema that it names. That of a tenant who has gone is refused."""
    cleared()
    from tests.hooks import recorded

    recorded.clear()
    with setting(DISPATCH="tests.hooks.record"):
        asked("a")
        [job] = recorded
        connection.set_schema_to_public()
        run_job(job)
        try:
            run_job(job.replace("t_a", "t_gone"))
        except LookupError as error:
            refusal = str(error)
        names = [tenant for tenant, _ in hooks.taken]
        return {"job": job, "tenants": names, "after": connection.schema_name, "gone": refusal}


def added_in_a_transaction():
    """The commit comes when the schema has been left."""
    connection.set_schema_to_public()
    with setting():
        with transaction.atomic(), schema_context("t_a"):
            user = get_user_model().objects.get(username="root")
            dispatch.announce_identifier(user, [IdentifierValue(Kind.EMAIL_ADDRESS, "root@example.com")])
        thread_pool.drain(PATIENCE)
    return [tenant for tenant, _ in hooks.taken]


def provider_of_each():
    with setting(DELIVERY={"email": [{"BACKEND": f"{hooks.__name__}.BusyBackend"}]}):
        name = f"{hooks.__name__}.BusyBackend"
        admitted = {}
        for schema in ["t_b", "t_a", "t_b"]:
            with schema_context(schema):
                admitted[schema] = ProviderHealth.objects.admits(name)
                for _ in range(THRESHOLD if schema == "t_a" else 0):
                    ProviderHealth.objects.record_failure(name)
        with schema_context("t_a"):
            return {**admitted, "t_a": ProviderHealth.objects.admits(name)}


SCENARIOS = {
    "threads": joined_by_threads,
    "settings": settings_within_a_second,
    "superusers": superusers_of_each,
    "restrictions": restrictions_of_each,
    "tenant_command": lambda: left_behind(["tenant_command", "otp_deliver"], schema_name="t_a"),
    "command": lambda: left_behind(["otp_deliver"]),
    "not_ready": not_ready,
    "purge": purged,
    "queue": queued,
    "transaction": added_in_a_transaction,
    "health": provider_of_each,
}


def of_shared_users():
    """Sign up at one tenant, and in at the other: delivered by threads and by the command."""
    call_command("migrate_schemas", "--shared", verbosity=0)
    make_tenants()
    with setting():
        visitor = at("a")
        visitor.sign_up(email_address="jane@example.com", strategy="email_code")
        thread_pool.drain(PATIENCE)
        joined = visitor.attempt(hooks.taken[-1][1].code).json()["response"]["status"]
    with setting(DISPATCH="tests.hooks.record"):
        again = asked("b", "jane@example.com")
        connection.set_schema_to_public()
        call_command("otp_deliver", stdout=io.StringIO())
        status = again.attempt(hooks.taken[-1][1].code).json()["response"]["status"]
    return {"sign_up": joined, "sign_in": status, "tenant": hooks.taken[-1][0]}


if __name__ == "__main__":
    if "passwordless_otp" in settings.SHARED_APPS:
        print(json.dumps(of_shared_users()))
    else:
        prepare()
        print(json.dumps({name: scenario() for name, scenario in SCENARIOS.items()}))

"""What the site names in its settings."""

from django.db import connection

from passwordless_otp.messaging.backends import memory

taken = []  # of each message: the tenant who was active, and the message
recorded = []  # jobs


def origin(host):
    return f"https://{host}" if host in {"a.shop.example", "b.shop.example"} else ""


class TenantBackend(memory.MemoryBackend):
    """Notes which tenant is active: a site may have credentials for each."""

    def send(self, message):
        taken.append((getattr(connection.tenant, "name", "PUBLIC"), message))
        return super().send(message)


class BusyBackend(memory.MemoryBackend):
    def send(self, message):
        raise ConnectionError

"""What each step counts for: which limits, whose."""

from passwordless_otp.browsers import Browser
from passwordless_otp.identifiers import Address, mailbox
from passwordless_otp.limits import LARGEST, Bucket, bucket
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.limit_settings import DAY

HELD = {"identifier": 7 * DAY, "instance": DAY}  # seconds that codes stay long, once they have grown


def of_flow(browser: Browser, settings: InstanceSettings) -> list[Bucket]:
    """Return what opening a flow counts for."""
    return [bucket(settings, "ip_flows", browser.ip)]


def of_message(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> list[Bucket]:
    """Return what a message to `address` counts for. A recognised browser shares no bucket with strangers."""
    sms = address.kind.channel == "sms"
    costs = [bucket(settings, "ip_messages", browser.ip)]
    if sms:
        costs.append(bucket(settings, "ip_sms", browser.ip))
    if recognised:
        return [*costs, bucket(settings, "recognised_messages", *address, browser.client)]
    costs += [
        bucket(settings, "identifier_messages", *address),
        bucket(settings, "identifier_ip_messages", *address, browser.ip),
        bucket(settings, "identifier_sms" if sms else "identifier_emails", *address),
    ]
    if sms:
        return costs
    return [
        *costs,
        bucket(settings, "mailbox_messages", mailbox(address.value)),
        bucket(settings, "instance_emails"),
    ]


def of_try(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> list[Bucket]:
    """Return what a wrong code counts for. All but the IP address's only make codes grow, and refuse nobody."""
    whose = _whose(address, browser, recognised)
    return [
        bucket(settings, "ip_failures", browser.ip),
        bucket(settings, "identifier_failures", *whose, refuses=False),
        bucket(settings, "identifier_siege", *whose, refuses=False),
        of_streak(address, browser, recognised, settings),
        bucket(settings, "instance_failures", refuses=False),
        bucket(settings, "instance_siege", refuses=False),
    ]


def of_streak(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> Bucket:
    """Return what counts the wrong codes since the last right one."""
    return bucket(settings, "identifier_streak", *_whose(address, browser, recognised), refuses=False)


def of_growth(address: Address, browser: Browser, recognised: bool) -> list[Bucket]:
    """Return what remembers that codes have grown: for this identifier, for the whole instance."""
    whose = _whose(address, browser, recognised)
    return [
        Bucket("identifier_held", whose, LARGEST, HELD["identifier"]),
        Bucket("instance_held", (), LARGEST, HELD["instance"]),
    ]


def _whose(address: Address, browser: Browser, recognised: bool) -> tuple[str, ...]:
    return (*address, browser.client) if recognised else tuple(address)

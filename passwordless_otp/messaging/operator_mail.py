"""Mail to `settings.ADMINS` when a limit of the whole instance suppresses messages or makes codes longer.

A mail names the limit, what visitors notice and where to change it, in English as Django's own mails to ADMINS.
There is at most one for a limit within the time that it counts. It is sent by whoever runs jobs, so that no
visitor waits for it, and is not repeated if it fails: the signal and the line in the log say the same.
"""

import logging
from decimal import Decimal
from typing import Any

from django.conf import settings as site
from django.core.mail import mail_admins
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from passwordless_otp import conf
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import DAY, LIMITS
from passwordless_otp.rate_limits import windows

logger = logging.getLogger("passwordless_otp.messaging")

PAGE = "admin:passwordless_otp_instancesettings_change"
TEXT = """{what}

What visitors notice: {notice}

To see and change it, open Instance settings in the admin: {page}
If your visitors really were that many, raise the number. If not, look for a pattern in the list of messages.

You get this mail at most once in {minutes} minutes for this limit. A line in the log and a signal of
passwordless_otp.signals say the same.
"""


def send(name: str, country: str = "") -> None:
    """Tell ADMINS that this limit or budget is reached. A failure is logged only.

    Not if it is only counted, nor if its number is 0: then it has been chosen that no message is sent.
    """
    settings = InstanceSettings.current()
    number = settings.limit(name) if name in LIMITS else getattr(settings, name, None)
    seconds = LIMITS[name].seconds if name in LIMITS else DAY  # of a budget
    if not site.ADMINS or not number or name in settings.tracked_only:
        return
    if not windows.is_first(seconds, "mail", name, country):
        return
    try:
        with translation.override(None):
            mail_admins(*_render(name, _written(settings, name, number), country, seconds))
    except Exception as error:
        logger.error("ADMINS were not told that limit %s is reached: %s", name, type(error).__name__)


def _written(settings: InstanceSettings, name: str, number: int | Decimal) -> str:
    return f"{number:,}" if name in LIMITS else f"{number} {settings.sms_currency}"


def _render(name: str, number: str, country: str, seconds: int) -> tuple[str, str]:
    """Return subject and text."""
    budget: Any = None if name in LIMITS else InstanceSettings._meta.get_field(name)
    label = budget.verbose_name if budget else LIMITS[name].label
    notice = budget.help_text if budget else LIMITS[name].help
    subject = f"Limit reached: {label}"
    what = f"A limit of the whole site is reached: {label}. The number is {number}."
    if country:
        subject = f"SMS to {country} are paused"
        what = f"SMS to {country} are paused: fewer than {number} % of the codes sent there were used."
    return subject, TEXT.format(what=what, notice=notice, page=_page(), minutes=seconds // 60)


def _page() -> str:
    try:
        return conf.public_origin() + reverse(PAGE, args=["1"])
    except NoReverseMatch:  # an admin of another name, or none
        return "Passwordless sign-in, Instance settings"

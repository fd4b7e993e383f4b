"""What messages say, as far as an operator decides it: a part of the instance settings."""

import unicodedata
from string import Template
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, sms
from passwordless_otp.models.instance_settings.frozen import Freezable

PLACEHOLDERS = {"code", "app", "domain", "minutes"}
LONGEST = {"code": "M" * 13, "minutes": "10"}  # a grown code of letters, and the longest life
# Control characters, halves of characters, and what some programs take for the end of a line.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def one_line(text: str) -> None:
    """Raise `ValidationError` for what would begin a second line of a header, or write outside of the text."""
    if any(unicodedata.category(character) in UNPRINTABLE for character in text):
        raise ValidationError(_("Write one line, without control characters."))


class MessageSettings(Freezable):
    """The names and texts that visitors read in messages."""

    application_name = models.CharField(
        _("application name"),
        max_length=60,
        blank=True,
        validators=[one_line],
        help_text=_(
            "What messages and pages call this site. Empty: its domain. "
            "An SMS does without it where there is no room."
        ),
    )
    support_email = models.EmailField(
        _("support address"), blank=True, help_text=_("Given to visitors who are stuck.")
    )
    code_in_subject = models.BooleanField(
        _("code in the subject"),
        default=True,
        help_text=_(
            "Visitors read the code in their list of mails, and on a locked screen. Off: inside the mail."
        ),
    )
    email_subject = models.CharField(
        _("email subject"),
        max_length=120,
        blank=True,
        validators=[one_line],
        help_text=_(
            "Of mails with a code. $code, $app, $domain and $minutes are filled in. It is not translated: "
            "all visitors get it as it stands here. Empty: ours, in the visitor's language."
        ),
    )
    sms_text = models.CharField(
        _("SMS text"),
        max_length=160,
        blank=True,
        validators=[one_line],
        help_text=_(
            "With $code; $app, $domain and $minutes are filled in, too. A last line is added, by which phones "
            "fill in the code. It is not translated: all visitors get it as it stands here. "
            "Empty: ours, in the visitor's language."
        ),
    )

    class Meta:
        abstract = True

    @property
    def app(self) -> str:
        """What messages and pages call this site."""
        return self.application_name or conf.site_name()


def validate(settings: Any) -> None:
    """Raise `ValidationError` with a sentence for each text that visitors could not use."""
    problems: dict[str, Any] = {}
    for name, problem_of in {"email_subject": _subject, "sms_text": _sms}.items():
        text = getattr(settings, name)
        problem = text and (_placeholders(text) or problem_of(text, settings))
        if problem:
            problems[name] = problem
    if problems:
        raise ValidationError(problems)


def _placeholders(text: str) -> str | Promise:
    template = Template(text)
    if template.is_valid() and set(template.get_identifiers()) <= PLACEHOLDERS:
        return ""
    return _("Only $code, $app, $domain and $minutes are filled in. Write $$ for a dollar sign.")


def _subject(text: str, settings: Any) -> str | Promise:
    has_code = "code" in Template(text).get_identifiers()
    if settings.code_in_subject and not has_code:
        return _("Put $code into it, or switch off that the code is in the subject.")
    if has_code and not settings.code_in_subject:
        return _("Leave $code out, or switch on that the code is in the subject.")
    return ""


def _sms(text: str, settings: Any) -> str | Promise:
    if "code" not in Template(text).get_identifiers():
        return _("Put $code into it.")
    domain = conf.public_domain()
    filled = Template(text).substitute(LONGEST, app=settings.app, domain=domain)
    whole = sms.bind(filled, domain, LONGEST["code"])
    if sms.foreign(whole):
        return _("These characters make an SMS more than twice as long: %s") % " ".join(sms.foreign(whole))
    if sms.segments(whole) > 1:
        return _("Too long for one SMS, by %s: the longest code and the last line need room, too.") % (
            sms.taken(whole) - sms.room(whole)
        )
    return ""

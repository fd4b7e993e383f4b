"""Instance settings: the names and texts in messages."""

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
LONGEST = {"code": "M" * 13, "minutes": "10"}  # the longest code and the longest code life
# Control characters, lone surrogates, and the line and paragraph separators of Unicode.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def one_line(text: str) -> None:
    """Raise `ValidationError` for line breaks and control characters, which could add a header to an email."""
    if any(unicodedata.category(character) in UNPRINTABLE for character in text):
        raise ValidationError(_("Enter a single line without control characters."))


class MessageSettings(Freezable):
    """The names and texts that visitors read in messages."""

    application_name = models.CharField(
        _("application name"),
        max_length=60,
        blank=True,
        validators=[one_line],
        help_text=_(
            "The name of this site in messages and on pages. Empty: its domain. "
            "It is left out of an SMS that would be too long."
        ),
    )
    support_email = models.EmailField(
        _("support address"), blank=True, help_text=_("Shown to visitors who need help.")
    )
    code_in_subject = models.BooleanField(
        _("code in the subject"),
        default=True,
        help_text=_(
            "Visitors see the code in their inbox and on a locked screen. Off: they have to open the email."
        ),
    )
    email_subject = models.CharField(
        _("email subject"),
        max_length=120,
        blank=True,
        validators=[one_line],
        help_text=_(
            "Subject of emails with a code. $code, $app, $domain and $minutes are replaced. "
            "It is not translated. Empty: the standard subject in the visitor's language."
        ),
    )
    sms_text = models.CharField(
        _("SMS text"),
        max_length=160,
        blank=True,
        validators=[one_line],
        help_text=_(
            "Must contain $code. $app, $domain and $minutes are replaced, too. A last line is added, "
            "from which phones fill in the code. It is not translated. "
            "Empty: the standard text in the visitor's language."
        ),
    )

    class Meta:
        abstract = True

    @property
    def app(self) -> str:
        """The name of this site in messages and on pages."""
        return self.application_name or conf.site_name()


def validate(settings: MessageSettings) -> None:
    """Raise `ValidationError` for texts that can't be sent or that lack the code."""
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
    return _("Use no placeholders but $code, $app, $domain and $minutes. Write $$ for a dollar sign.")


def _subject(text: str, settings: MessageSettings) -> str | Promise:
    has_code = "code" in Template(text).get_identifiers()
    if settings.code_in_subject and not has_code:
        return _("Add $code, or turn “Code in the subject” off.")
    if has_code and not settings.code_in_subject:
        return _("Remove $code, or turn “Code in the subject” on.")
    return ""


def _sms(text: str, settings: MessageSettings) -> str | Promise:
    if "code" not in Template(text).get_identifiers():
        return _("Add $code.")
    domain = conf.public_domain()
    filled = Template(text).substitute(LONGEST, app=settings.app, domain=domain)
    whole = sms.bind(filled, domain, LONGEST["code"])
    if sms.foreign(whole):
        sentence = _("Replace these characters, which make an SMS cost more than twice as much: %s")
        return sentence % " ".join(sms.foreign(whole))
    if sms.segments(whole) > 1:
        sentence = _("Shorten the text by %s characters, so that it fits into one SMS with the longest code.")
        return sentence % (sms.taken(whole) - sms.room(whole))
    return ""

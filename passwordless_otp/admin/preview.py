"""Subject and SMS as a visitor gets them, beside the fields that they are written in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from passwordless_otp import codes, sms
from passwordless_otp.models import InstanceSettings, wording
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.outbox import writing

CODE = "1234567890"[: codes.LENGTH]
TEXTS = ["application_name", "email_subject", "sms_text"]


def render(settings: InstanceSettings) -> SafeString:
    """Show what these settings come to, as HTML."""
    email, text = (
        writing.word(settings, MessageKind.SIGN_IN, channel, CODE, settings.code_life)
        for channel in ["email", "sms"]
    )
    context = {
        "subject": email.subject,
        "sms": text.body,
        "segments": sms.segments(text.body),
        "taken": sms.taken(text.body),
        "room": sms.room(text.body),
    }
    return render_to_string("passwordless_otp/admin/preview.html", context)


def typed(settings: InstanceSettings, given: Any) -> InstanceSettings:
    """Put into `settings` what stands in the form. Raises `ValidationError` for what Apply would refuse."""
    for name in TEXTS:
        setattr(settings, name, given.get(name, "").strip())
    settings.code_in_subject = "code_in_subject" in given
    settings.clean_fields(exclude={field.name for field in settings._meta.fields} - {*TEXTS})
    wording.refuse(settings)
    return settings


def problems(error: ValidationError) -> SafeString:
    """Show why there is nothing to be shown, as HTML."""
    return render_to_string("passwordless_otp/admin/preview.html", {"problems": error.messages})

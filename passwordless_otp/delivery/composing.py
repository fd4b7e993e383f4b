"""Templates around a code → subject and text."""

from dataclasses import dataclass

from django.template.loader import render_to_string

FOLDER = "passwordless_otp/messages"


@dataclass(frozen=True)
class Text:
    """What one message says. `subject` is one line, and empty for an SMS."""

    subject: str
    body: str


def compose(kind: str, channel: str, context: dict[str, object]) -> Text:
    """Render the templates of this kind of message, in the active language."""
    if channel == "sms":
        return Text("", _render(kind, "sms.txt", context))
    subject = " ".join(_render(kind, "subject.txt", context).split())
    return Text(subject, _render(kind, "body.txt", context) + "\n")


def _render(kind: str, name: str, context: dict[str, object]) -> str:
    return render_to_string(f"{FOLDER}/{kind}/{name}", context).strip()

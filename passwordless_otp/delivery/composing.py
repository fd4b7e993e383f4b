"""Templates around a code → subject, text and HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from string import Template

from django.template.loader import render_to_string

from passwordless_otp import sms

FOLDER = "passwordless_otp/messages"


@dataclass(frozen=True)
class Text:
    """What one message says. `subject` is one line; it and `html` are empty for an SMS."""

    subject: str
    body: str
    html: str = ""


@dataclass(frozen=True)
class Wording:
    """The operator's own texts, with the placeholders of `string.Template`. An empty one means ours."""

    subject: str = ""
    sms: str = ""


OURS = Wording()


def compose(kind: str, channel: str, context: dict[str, object], wording: Wording = OURS) -> Text:
    """Render what this kind of message says, in the active language."""
    if channel == "sms":
        return Text("", _sms(kind, context, wording.sms))
    subject = _fill(wording.subject, context) or _render(kind, "subject.txt", context)
    context = {**context, "subject": " ".join(subject.split())}
    body, html = _render(kind, "body.txt", context), _render(kind, "body.html", context)
    return Text(str(context["subject"]), f"{body}\n", html)


def _sms(kind: str, context: dict[str, object], wording: str) -> str:
    """Return the first of the texts that is one segment; if none is, the shortest."""
    domain, code = str(context.get("domain", "")), str(context.get("code", ""))
    bound = ""
    for text in _texts(kind, context, wording):
        line = " ".join(text.split())
        bound = sms.bind(line, domain, code) if code else line
        if sms.segments(bound) == 1:
            break
    return bound


def _texts(kind: str, context: dict[str, object], wording: str) -> Iterator[str]:
    """Yield the operator's text, ours, and ours without what can be missed: the last line names the site, too."""
    if wording:
        yield _fill(wording, context)
    nameless = {**context, "app": ""}
    for words in [context, nameless, {**nameless, "short": True}]:
        yield _render(kind, "sms.txt", words)


def _fill(wording: str, context: dict[str, object]) -> str:
    return Template(wording).safe_substitute(context)


def _render(kind: str, name: str, context: dict[str, object]) -> str:
    return render_to_string(f"{FOLDER}/{kind}/{name}", context).strip()

"""Messages of every kind that a backend may be given, and what arrived of them at the provider."""

from dataclasses import dataclass, replace

from passwordless_otp.messaging.backends.base import Outgoing

ID = "01a205b17d357a98a819fbe5e9020657"
CODE = "2746352467KQX"  # the longest; a backend that declares less gets the beginning of it
USUAL = 6
ARABIC, HEBREW = "رمزك", "הקוד שלך"
EMAIL, PHONE = "jane@example.com", "+14155552671"
LONGEST_EMAIL = f"{'j' * 64}@{'a' * 63}.{'b' * 63}.{'c' * 57}.com"  # 254 characters
LONGEST_PHONE = "+999123456789012"  # E.164: 15 digits
CALLBACK = "https://example.com/auth/webhooks/provider/"


@dataclass(frozen=True)
class Arrived:
    """One message to one recipient, as the provider got it. What is `None` is not compared."""

    to: str
    text: str
    subject: str | None = None
    html: str | None = None


def usual(channel: str, longest: int | None = None) -> Outgoing:
    """Return an ordinary message with a code."""
    code = CODE[: min(USUAL, longest or USUAL)]
    if channel == "sms":
        text = f"{code} is your sign-in code.\n\n@example.com #{code}"
        return Outgoing(ID, channel, PHONE, "", text, code, 600)
    subject, text = f"{code} is your sign-in code", f"Your sign-in code is {code}.\n\nIt lives for 10 minutes.\n"
    return Outgoing(ID, channel, EMAIL, subject, text, code, 600, html=f"<p>Your code is <b>{code}</b>.</p>\n")


def longest(channel: str, most: int | None = None) -> Outgoing:
    """Return a message with the longest code that a backend with this `max_code_length` has to take."""
    message = usual(channel, most)
    return with_code(message, CODE[: most or len(CODE)])


def with_code(message: Outgoing, code: str) -> Outgoing:
    """Return the message with another code."""
    changed = {name: getattr(message, name).replace(message.code, code) for name in ["subject", "text", "html"]}
    return replace(message, code=code, **changed)


def kinds(channel: str, most: int | None = None) -> dict[str, Outgoing]:
    """Return a message of each kind, by the name of the kind."""
    message = usual(channel, most)
    code, plain = message.code, "Nobody has an account here.\n\nYou need not do anything.\n"
    subject = message.subject and "No account"
    of_all = {
        "with a code": message,
        "with the longest code": longest(channel, most),
        "without a code": replace(message, code="", text=plain, html="", subject=subject),
        "in many alphabets": replace(message, text=f"{code} – café, 日本, Ελλάδα, 🍏\n"),
        "from right to left": replace(message, text=f"{ARABIC} {code}\n{HEBREW} {code}\n"),
        "of many lines": replace(message, text=f"{code}\n.\n..\nFrom me\n\n{'x' * 70}\n" * 10),
        "that may be reported on": replace(message, callback_url=f"{CALLBACK}{ID}/"),
        "in the last second": replace(message, seconds_left=1),
    }
    if channel == "sms":
        return {**of_all, "to the longest number": replace(message, to=LONGEST_PHONE)}
    return {
        **of_all,
        "without HTML": replace(message, html=""),
        "with a subject in an alphabet": replace(message, subject=f"{code} – {ARABIC} ☕"),
        "to the longest address": replace(message, to=LONGEST_EMAIL),
    }


def to_many(channel: str, most: int | None, number: int) -> list[Outgoing]:
    """Return so many messages, each with an id, a recipient and a text of its own."""
    message = usual(channel, most)
    sms, code = channel == "sms", message.code
    people = [f"+1415555{n:04}" if sms else f"jane{n}@example.com" for n in range(number)]
    each = [replace(message, to=to, text=f"{code} is for {to}" + ("" if sms else "\n")) for to in people]
    return [replace(one, id=f"{n:032x}") for n, one in enumerate(each)]

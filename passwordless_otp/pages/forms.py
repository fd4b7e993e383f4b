"""A request's body → one text a name."""

import codecs
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, conf
from passwordless_otp.errors import BodyInvalid, FormatInvalid, OTPError, RequestTooLarge
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Flow, InstanceSettings

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_BODY = 64 * 1024  # bytes
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
UNFIT = {"Cc", "Cs"}  # control characters, halves of a surrogate pair


def read_request(request: HttpRequest) -> None:
    """Read the query and the body. Raises `RequestTooLarge` or `BodyInvalid`, and leaves the body empty."""
    try:
        _refuse_unreadable(request)
        _ = request.GET, request.POST
    except OTPError:
        _empty(request)
        raise
    except TOO_LARGE as error:
        _empty(request)
        raise RequestTooLarge from error
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        _empty(request)
        raise BodyInvalid from error


def _refuse_unreadable(request: HttpRequest) -> None:
    """Refuse more than any form of ours holds, and other than UTF-8, before it is read."""
    length = str(request.META.get("CONTENT_LENGTH", ""))
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        raise RequestTooLarge
    if codecs.lookup(request.encoding or "utf-8").name != "utf-8":
        raise BodyInvalid


def _empty(request: HttpRequest) -> None:
    """Leave nothing that can't be read: the page that says so still looks where the visitor was going."""
    request.GET = QueryDict()  # changing the encoding looks at it, and forgets it
    request.encoding = "utf-8"
    request.POST = QueryDict()
    try:
        _ = request.GET
    except SuspiciousOperation:
        request.GET = QueryDict()


@sensitive_variables()
def plain(data: QueryDict) -> dict[str, str]:
    """Return the fields. Raises `FormatInvalid` for one that came twice: no second recipient hides in one."""
    for name, values in data.lists():
        if len(values) != 1:
            raise FormatInvalid(name)
    return {name: encodable(str(value)) for name, value in data.items()}


@sensitive_variables()
def encodable(text: str) -> str:
    """Return the text as it can be sent back: some encodings bring halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def refuse_unfit(text: str) -> None:
    """Raise `ValidationError` for what no field of ours may hold, and no database takes."""
    if any(unicodedata.category(character) in UNFIT for character in text):
        raise ValidationError(_("Leave out control characters."), code="control")


MAX_TEXT = 320
MAX_NAME = 150
PLAIN = {"dir": "ltr", "autocapitalize": "none", "spellcheck": "false"}
LABELS = {
    "email_address": _("Email address"),
    "phone_number": _("Phone number"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "username": _("Username"),
}
ATTRIBUTES: dict[str, dict[str, str]] = {
    "email_address": {**PLAIN, "autocomplete": "email", "inputmode": "email"},
    "phone_number": {"autocomplete": "tel", "inputmode": "tel", "dir": "ltr"},
    "first_name": {"autocomplete": "given-name"},
    "last_name": {"autocomplete": "family-name"},
    "username": {**PLAIN, "autocomplete": "username"},
}


class Text(forms.CharField):
    """One line. The server counts: a `maxlength` would cut what people paste."""

    def __init__(self, longest: int = MAX_TEXT, **options: Any) -> None:
        super().__init__(**options)
        self.validators += [MaxLengthValidator(longest), refuse_unfit]


class SignInForm(forms.Form):
    """Who is it?"""

    identifier = Text()

    def __init__(self, settings: InstanceSettings, **options: Any) -> None:
        super().__init__(**options)
        field = self.fields["identifier"]
        if len(settings.kinds) == 1:
            field.label = LABELS[settings.kinds[0]]
            field.widget.attrs.update(ATTRIBUTES[settings.kinds[0]])
        else:
            field.label = _("Email address or phone number")
            field.widget.attrs.update({**PLAIN, "autocomplete": "username", "inputmode": "email"})
        if Kind.PHONE_NUMBER in settings.kinds:
            field.help_text = _phone_help()


class Unechoed(forms.PasswordInput):
    """A text field that comes back empty: no page shows a code, nor one that was almost right."""

    input_type = "text"


class CodeForm(forms.Form):
    """What came in the message. Nothing is required: what can't be a code is a wrong one, says the flow."""

    code = forms.CharField(label=_("Code"), required=False, widget=Unechoed)

    @sensitive_variables("options")
    def __init__(self, alphabet: str, hint: str, **options: Any) -> None:
        super().__init__(**options)
        self.fields["code"].help_text = hint
        mode = "text" if alphabet == codes.BASE32 else "numeric"
        attributes = {**PLAIN, "inputmode": mode, "autocomplete": "one-time-code"}
        self.fields["code"].widget.attrs.update({**attributes, "required": True})

    def clean_code(self) -> str:
        """Look at no more of a pasted text than the flow does."""
        return str(self.cleaned_data["code"])[: codes.MAX_TEXT]


class SignUpForm(forms.Form):
    """What this site asks of somebody new, less what she has proven already."""

    def __init__(self, settings: InstanceSettings, proven: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        required, optional = sign_up.required(settings), sign_up.optional(settings)
        blank = Flow(details=dict.fromkeys(sign_up.NAMES, ""), **proven)
        needed = sign_up.missing(settings, blank)
        # One that identifies is needed though none is by itself: any of them will do.
        self.any_of = settings.kinds if set(needed) - set(required) else []
        for name in [*Kind.values, *sign_up.NAMES]:
            if name in [*required, *optional] and name not in proven:
                self.fields[name] = _field(name, name in required or self.any_of == [name])
        self.may_be_left_out = set(optional) - set(self.any_of)

    def clean(self) -> dict[str, Any]:
        """Refuse a sign-up that nobody could ever sign in with."""
        given = self.cleaned_data
        if self.any_of and not self.errors and not any(given.get(kind) for kind in self.any_of):
            self.add_error(self.any_of[0].value, str(_("Type your email address or your phone number.")))
        return given


def focus(form: forms.Form) -> None:
    """Let the visitor begin at the first field that is wrong, else at the first."""
    for name in [*form.errors, *form.fields]:
        if name in form.fields:
            form.fields[name].widget.attrs["autofocus"] = True
            return


def _field(name: str, required: bool) -> Text:
    field = Text(longest=MAX_NAME if name in sign_up.NAMES else MAX_TEXT, label=LABELS[name], required=required)
    field.widget.attrs.update(ATTRIBUTES[name])
    if name == Kind.PHONE_NUMBER:
        field.help_text = _phone_help()
    return field


def _phone_help() -> "StrPromise | str":
    """Say how to type a number, where no country is taken for granted."""
    return "" if conf.default_region() else _("Phone numbers with their country code, such as +1 415 555 0123.")

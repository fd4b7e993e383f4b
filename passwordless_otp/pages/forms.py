"""The forms of the pages, and what is read of a request before one is filled."""

import codecs
import json
import math
import unicodedata
from collections.abc import Collection, Mapping
from functools import cache
from types import new_class
from typing import Any
from urllib.parse import unquote_to_bytes

from django import forms
from django.core import exceptions
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, conf, phone_numbers
from passwordless_otp.errors import BodyInvalid, FormatInvalid, OTPError, RequestTooLarge
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Flow, InstanceSettings, Verification

TOO_LARGE = (exceptions.RequestDataTooBig, exceptions.TooManyFieldsSent, exceptions.TooManyFilesSent)


UNREADABLE = (exceptions.SuspiciousOperation, MultiPartParserError, UnreadablePostError, UnicodeDecodeError)
URLENCODED = "application/x-www-form-urlencoded"


def read_request(request: HttpRequest) -> None:
    """Parse the query and the body. Raises `RequestTooLarge` or `BodyInvalid`, and leaves both readable."""
    length = str(request.META.get("CONTENT_LENGTH", ""))
    try:
        if length.isdecimal() and int(length[:20]) > conf.MAX_BODY:
            raise RequestTooLarge
        if codecs.lookup(request.encoding or "utf-8").name != "utf-8":
            raise BodyInvalid
        if request.content_type == URLENCODED and unquote_to_bytes(request.body).decode().startswith(conf.BOM):
            raise BodyInvalid
        _ = request.GET, request.POST
    except OTPError:
        _empty(request)
        raise
    except TOO_LARGE as error:
        _empty(request)
        raise RequestTooLarge from error
    except UNREADABLE as error:
        _empty(request)
        raise BodyInvalid from error


def _empty(request: HttpRequest) -> None:
    """Drop the body, and the query if it can't be read: the error page still looks for `next` in both."""
    request.GET = QueryDict()  # setting the encoding looks at it, and deletes it
    request.encoding = "utf-8"
    request.POST = QueryDict()
    try:
        _ = request.GET
    except exceptions.SuspiciousOperation:
        request.GET = QueryDict()


@sensitive_variables()
def plain(data: QueryDict, repeatable: Collection[str] = ()) -> "MultiValueDict[str, str]":
    """Return the fields as texts.

    Raises `FormatInvalid` for one that came twice, maybe with two recipients, unless it is `repeatable`; and for
    one that was not UTF-8, as may be in `multipart/form-data`.
    """
    for name, values in data.lists():
        if (len(values) != 1 and name not in repeatable) or conf.REPLACED in "".join(map(str, values)):
            raise FormatInvalid(name)
    # Without halves of surrogate pairs, which no answer can be encoded with.
    return MultiValueDict(
        {name: [str(value).encode("utf-8", "replace").decode() for value in each] for name, each in data.lists()}
    )


def refuse_control_characters(text: str) -> None:
    """Raise `ValidationError` for what no field of ours may hold, and no database takes."""
    if any(unicodedata.category(character) in conf.CONTROL for character in text):
        raise forms.ValidationError(_("Leave out control characters."), code="control")


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
    """One line of text. It has no `maxlength`, since browsers would cut what people paste."""

    def __init__(self, longest: int = conf.MAX_TEXT, **options: Any) -> None:
        super().__init__(**options)
        self.validators += [MaxLengthValidator(longest), refuse_control_characters]


class SignInForm(forms.Form):
    """Asks for an identifier of a kind that this site lets people sign in with."""

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
            field.help_text = _phone_help(settings)


class CodeInput(forms.PasswordInput):
    """A text field that is rendered empty, so that no page shows a code or what was almost one."""

    input_type = "text"


class CodeForm(forms.Form):
    """Says what the code looks like and how long it works. What can't be a code is refused by the flow."""

    code = forms.CharField(label=_("Code"), required=False, widget=CodeInput)

    @sensitive_variables("options")
    def __init__(self, verification: Verification | None, **options: Any) -> None:
        super().__init__(**options)
        field, mode = self.fields["code"], "numeric"
        if verification is not None:
            if verification.alphabet == codes.BASE32:
                mode = "text"
                length = ngettext("%s letter or digit.", "%s letters and digits.", verification.length)
            else:
                length = ngettext("%s digit.", "%s digits.", verification.length)
            minutes = max(1, math.ceil((verification.expires_at - timezone.now()).total_seconds() / 60))
            life = ngettext("Works for %s more minute.", "Works for %s more minutes.", minutes)
            field.help_text = f"{length % number_format(verification.length)} {life % number_format(minutes)}"
        field.widget.attrs |= {**PLAIN, "inputmode": mode, "autocomplete": "one-time-code", "required": True}


class SignUpForm(forms.Form):
    """Asks for what this site wants to know of somebody new, less the identifiers in `proven`.

    Fields of a class derived from it, and those of the form that SIGN_UP_FORM names, stand after the app's own.
    """

    def __init__(self, settings: InstanceSettings, proven: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        required, optional = sign_up.required(settings), sign_up.optional(settings)
        blank = Flow(details=dict.fromkeys(sign_up.NAMES, ""), **proven)
        needed = sign_up.missing(settings, blank)
        # No single identifier is required, but one of these kinds has to be given.
        self.any_of = list(settings.kinds) if set(needed) - set(required) else []
        for name in OWN_NAMES:
            if name in [*required, *optional] and name not in proven:
                self.fields[name] = _field(settings, name, name in required or self.any_of == [name])
        self.order_fields(self.field_order or OWN_NAMES)
        others = {name for name, field in self.fields.items() if name not in OWN_NAMES and not field.required}
        self.may_be_left_out = (set(optional) - set(self.any_of)) | others

    def clean(self) -> dict[str, Any] | None:
        """Require an identifier with which the user can sign in later."""
        given = self.cleaned_data
        if self.any_of and not self.errors and not any(given.get(kind) for kind in self.any_of):
            self.add_error(self.any_of[0].value, str(_("Type your email address or your phone number.")))
        return super().clean()

    def given(self) -> dict[str, str]:
        """Return what a sign-up takes: the app's fields, and all others as JSON text in `extra`.

        Raises `FormatInvalid` if that is too long, and `ImproperlyConfigured` if JSON has no way to write it.
        """
        own = {name: value for name, value in self.cleaned_data.items() if name in OWN_NAMES}
        extra = {name: value for name, value in self.cleaned_data.items() if name not in OWN_NAMES}
        try:
            text = json.dumps(extra, cls=DjangoJSONEncoder, allow_nan=False)
        except (TypeError, ValueError) as error:
            told = f"SIGN_UP_FORM: a value can't be kept as JSON ({error}). Let clean() return plain values."
            raise exceptions.ImproperlyConfigured(told) from error
        if len(text) > conf.MAX_EXTRA:
            raise FormatInvalid(long_message=_("This is too long."))
        return {**own, "extra": text if extra else ""}


def with_fields_of_site(form_class: type[forms.Form]) -> type[forms.Form]:
    """Return this form with the fields of the one that SIGN_UP_FORM names, if the site has one."""
    return _combine(form_class, conf.function("SIGN_UP_FORM")) if conf.get("SIGN_UP_FORM") else form_class


@cache
def _combine(ours: type[forms.Form], theirs: type[forms.Form]) -> type[forms.Form]:
    combined: type[forms.Form] = new_class(ours.__name__, (ours, theirs))
    return combined


OWN_NAMES = [*Kind.values, *sign_up.NAMES]


def focus(form: forms.Form) -> None:
    """Set `autofocus` on the first field with an error, else on the first field."""
    for name in [*form.errors, *form.fields]:
        if name in form.fields:
            form.fields[name].widget.attrs["autofocus"] = True
            return


def _field(settings: InstanceSettings, name: str, required: bool) -> Text:
    longest = conf.MAX_NAME if name in sign_up.NAMES else conf.MAX_TEXT
    field = Text(longest, label=LABELS[name], required=required)
    field.widget.attrs.update(ATTRIBUTES[name])
    if name == Kind.PHONE_NUMBER:
        field.help_text = _phone_help(settings)
    return field


def _phone_help(settings: InstanceSettings) -> str:
    """Return how to type a number of the first open country; nothing where the site has a default region."""
    if conf.default_region():
        return ""
    example = phone_numbers.example(*settings.sms_countries[:1])
    return _("Phone numbers with their country code, such as %s.") % example

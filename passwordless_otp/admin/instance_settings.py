"""The page of the instance settings: one form, a preview of messages, and what visitors get now."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp import clients, codes, conf, sms
from passwordless_otp.admin import countries, health
from passwordless_otp.admin.base import is_superuser, never
from passwordless_otp.admin.test_addresses import TestAddressInline
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import render
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings import messages as message_texts
from passwordless_otp.models.instance_settings.limits import FIRST, LIMITS, Limit
from passwordless_otp.models.instance_settings.restrictions import SignUpMode
from passwordless_otp.models.instance_settings.sms import COUNTRIES
from passwordless_otp.models.messages import MessageKind

NUMBER, BOX = "limit_{}", "track_{}"  # names of the two form fields of a limit


class LimitsForm(forms.ModelForm):
    """The settings, with two fields for each limit. Only limits that differ from their defaults are saved."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {**self.initial, **limit_values(self.instance)}

    def clean(self) -> dict[str, Any]:
        """Collect the limits. One whose field has an error keeps its saved number."""
        given = super().clean() or self.cleaned_data
        offered = [name for name in LIMITS if NUMBER.format(name) in self.fields]
        if offered:
            numbers = {name: given.get(NUMBER.format(name), self.instance.limit(name)) for name in offered}
            self.instance.limits = {name: n for name, n in numbers.items() if n != LIMITS[name].default}
            self.instance.tracked_only = [name for name in offered if given.get(BOX.format(name))]
        return given


def build_limits_form() -> type[LimitsForm]:
    """Return the form class with a number field and a “count only” box for each limit."""
    fields: dict[str, forms.Field] = {}
    for name, limit in LIMITS.items():
        fields[NUMBER.format(name)] = _limit_field(limit)
        fields[BOX.format(name)] = forms.BooleanField(label=_("count only"), required=False)
    return type("SettingsForm", (LimitsForm,), fields)


def limit_values(settings: InstanceSettings) -> dict[str, Any]:
    """Return the initial values of the limits' fields."""
    numbers = {NUMBER.format(name): settings.limit(name) for name in LIMITS}
    return numbers | {BOX.format(name): name in settings.tracked_only for name in LIMITS}


def _limit_field(limit: Limit) -> forms.IntegerField:
    told = {"range": f"{limit.low:,}–{limit.high:,}", "default": f"{limit.default:,}"}
    text = format_lazy("{} {}", limit.help, _("Range: %(range)s. Default: %(default)s.") % told)
    return forms.IntegerField(label=limit.label, min_value=limit.low, max_value=limit.high, help_text=text)


PREVIEW = "passwordless_otp/admin/preview.html"
PREVIEW_CODE = "1234567890"[: codes.LENGTH]
PREVIEWED = ["application_name", "email_subject", "sms_text"]


def render_preview(settings: InstanceSettings) -> SafeString:
    """Return the email subject and the SMS with these settings, as HTML."""
    email, short = (
        render.render_text(settings, MessageKind.SIGN_IN, channel, PREVIEW_CODE, settings.code_life)
        for channel in ["email", "sms"]
    )
    text = short.body
    counts = {"segments": sms.segments(text), "taken": sms.taken(text), "room": sms.room(text)}
    return render_to_string(PREVIEW, {"subject": email.subject, "sms": text, **counts})


def apply_form_values(settings: InstanceSettings, given: Any) -> InstanceSettings:
    """Set the message texts from a submitted form. Raises `ValidationError` as saving would."""
    for name in PREVIEWED:
        setattr(settings, name, given.get(name, "").strip())
    settings.code_in_subject = "code_in_subject" in given
    settings.clean_fields(exclude={field.name for field in settings._meta.fields} - {*PREVIEWED})
    message_texts.validate(settings)
    return settings


def describe_settings(settings: InstanceSettings, printing: Collection[str]) -> list[str]:
    """Return sentences on what visitors get. Messages of the channels in `printing` go to the console."""
    if not settings.kinds:
        return [gettext("Nobody can sign in or sign up with a code.")]
    sentences = [_sign_in_sentence(settings), _sign_up_sentence(settings)]
    to_console = [kind for kind in Kind if settings.offers(kind) and kind.channel in printing]
    if Kind.EMAIL_ADDRESS in to_console:
        sentences += [gettext("Email codes are on, but no provider is configured: emails go to the console.")]
    if Kind.PHONE_NUMBER in to_console:
        sentences += [gettext("SMS codes are on, but no provider is configured: SMS go to the console.")]
    if settings.staff_sign_in:
        sentences += [gettext("Staff and superusers can sign in with a code, too.")]
    if settings.test_mode:
        sentences += [gettext("Test mode is on: anybody who knows a test address and its code can sign in.")]
    return sentences


def _sign_in_sentence(settings: InstanceSettings) -> str:
    if settings.kinds == (Kind.EMAIL_ADDRESS,):
        return gettext("People sign in with an email code.")
    if settings.kinds == (Kind.PHONE_NUMBER,):
        return gettext("People sign in with an SMS code.")
    return gettext("People sign in with an email code or an SMS code.")


def _sign_up_sentence(settings: InstanceSettings) -> str:
    if not settings.sign_up_open:
        return gettext("Sign-up is closed.")
    if settings.sign_up_mode == SignUpMode.RESTRICTED:
        return gettext("Only people whom the restrictions allow can sign up.")
    required = [kind for kind in Kind if settings.requires(kind)]
    if not required:
        return gettext("Sign-up is open.")
    if required == [Kind.EMAIL_ADDRESS]:
        return gettext("Sign-up is open to people who verify their email address.")
    if required == [Kind.PHONE_NUMBER]:
        return gettext("Sign-up is open to people who verify their phone number.")
    return gettext("Sign-up is open to people who verify their email address and their phone number.")


CONSOLE = f"{conf.BACKENDS}.console.ConsoleBackend"
FOR_SUPERUSERS = ["staff_sign_in", "test_mode"]
MESSAGES = ["application_name", "support_email", "code_in_subject", "email_subject", "sms_text"]
LISTED = _("List whom to allow or block under “Restrictions”.")
SMS: list[Any] = [
    "sms_countries", "sms_voip", "sms_blocked_prefixes", "sms_allowed_prefixes", "sms_prices",
    ("sms_currency", "sms_daily_budget", "sms_proven_daily_budget"), "sms_paused", "sms_never_paused",
]  # fmt: skip
ROWS = {name: (NUMBER.format(name), BOX.format(name)) for name in LIMITS}  # two fields of a limit share a line
PROTECTION: list[Any] = [
    "enumeration_protection",
    "staff_sign_in",
    "trusted_networks",
    *[ROWS[name] for name in FIRST],
]
FOLDED = ["otp-limits", "collapse"]
ADVANCED: list[Any] = [row for name, row in ROWS.items() if name not in FIRST]
LIMITED = _(
    "Limits look back over the last hour, day or ten minutes. With “count only”, a limit refuses nobody and "
    "makes no code longer: the log says when it would have."
)
USES = ["enabled", "required", "used_for_identification"]


@admin.register(InstanceSettings)
class InstanceSettingsAdmin(admin.ModelAdmin):
    """One page without a list. Saving stays on the page."""

    change_form_template = "passwordless_otp/admin/instance_settings.html"
    form = build_limits_form()
    inlines = [TestAddressInline]
    fieldsets = [
        (_("Contact information"), {"fields": [tuple(f"{kind}_{use}" for use in USES) for kind in Kind]}),
        (_("Authentication factors"), {"fields": ["email_code", "phone_code"]}),
        (_("Sign-up"), {"fields": ["sign_up_mode", "first_name", "last_name", "username"]}),
        (_("Codes"), {"fields": ["max_tries", "code_life", "resend_interval", "messages_per_flow"]}),
        (_("Attack protection"), {"fields": PROTECTION, "description": LIMITED, "classes": ["otp-limits"]}),
        (
            _("Advanced limits"),
            {"fields": ADVANCED, "description": LIMITED, "classes": FOLDED},
        ),
        (_("Restrictions"), {"fields": ["block_subaddresses", "block_disposable"], "description": LISTED}),
        (_("Phone countries and SMS budget"), {"fields": SMS}),
        (_("Sessions"), {"fields": ["session_lifetime_days"]}),
        (_("Messages"), {"fields": [*MESSAGES, "preview"]}),
        (_("Test mode"), {"fields": ["test_mode"]}),
    ]

    has_add_permission = has_delete_permission = never  # there is always exactly one row

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return `preview` and, unless the operator is a superuser, the fields only superusers can change."""
        return ["preview"] if is_superuser(request.user) else ["preview", *FOR_SUPERUSERS]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in COUNTRIES:
            return countries.field(db_field.verbose_name, db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **options)

    @admin.display(description=_("preview"))
    def preview(self, obj: InstanceSettings) -> str:
        """Return the preview of the saved texts. A script updates it while the operator types."""
        url = reverse("admin:passwordless_otp_preview", current_app=self.admin_site.name)
        shown = render_preview(InstanceSettings.editable())
        return format_html('<div class="otp-preview" data-otp-preview="{}">{}</div>', url, shown)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        clients.follow_host(request)
        return super().changeform_view(request, *args, **options)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="passwordless_otp_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Return the preview of the texts in the query, or their errors."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        clients.follow_host(request)  # a text has to fit beside the domain
        try:
            return HttpResponse(render_preview(apply_form_values(InstanceSettings.editable(), request.GET)))
        except ValidationError as error:
            return HttpResponse(render_to_string(PREVIEW, {"problems": error.messages}))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(reverse(name, args=["1"], current_app=self.admin_site.name))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> InstanceSettings | None:
        """Return the settings as saved, or the defaults; `None` for any id but 1."""
        if object_id != "1":
            return None
        settings = InstanceSettings.editable()
        for name, value in limit_values(settings).items():
            setattr(settings, name, value)  # for operators who may only view
        return settings

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> HttpResponse:
        """Add warnings and what visitors get now, both from the saved settings."""
        if request.method == "GET":
            for sentence in health.sms_warnings(InstanceSettings.editable()):
                self.message_user(request, sentence, messages.WARNING)
        printing = {kind.channel for kind in Kind if conf.chain(kind.channel)[0].get("BACKEND") == CONSOLE}
        sentences = describe_settings(InstanceSettings.editable(), printing)
        context = {**context, "title": _("Instance settings"), "subtitle": None, "sentences": sentences}
        return super().render_change_form(request, context, *args, **options)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        told = _("Your changes have been applied. They take effect with the next request.")
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(request.path)

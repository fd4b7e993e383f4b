"""The table of limits in the form of the instance settings: a number and a box for each."""

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

from passwordless_otp import codes, conf, sms
from passwordless_otp.admin import countries, health
from passwordless_otp.admin.identifiers import is_superuser
from passwordless_otp.admin.test_addresses import TestIdentifierInline
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import render
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings import messages as message_texts
from passwordless_otp.models.instance_settings.limits import LIMITS, Limit
from passwordless_otp.models.instance_settings.restrictions import SignUpMode
from passwordless_otp.models.instance_settings.sms import COUNTRIES
from passwordless_otp.models.messages import MessageKind

NUMBER, BOX = "limit_{}", "track_{}"
WAITS = _("Who asks for more is told how long to wait.")
# What a visitor notices of it.
LIMIT_HELP = {
    "identifier_messages": _(
        "A stranger who keeps asking can delay its owner in a browser that she has not signed in with before."
    ),
    "identifier_ip_messages": _("So that one stranger alone can't use up the limit above."),
    "identifier_emails": WAITS,
    "identifier_sms": WAITS,
    "mailbox_messages": _("jane+shop@example.com and jane+work@example.com count as one."),
    "recognised_messages": _("For a browser that she has signed in with. Strangers can't use this up."),
    "ip_flows": _("An office or a school may share one address. A sign-in that succeeds does not count."),
    "ip_messages": _("An office or a school may share one address. A sign-in that succeeds does not count."),
    "ip_sms": _("Each SMS costs you money. A sign-in that succeeds does not count."),
    "ip_failures": _("Then even the right code is refused at this address, for a while, and no try is used up."),
    "identifier_failures": _("Everybody but a recognised browser has to type 8 digits instead of 6, for 7 days."),
    "identifier_failures_per_day": _("Nobody can guess such a code. A recognised browser keeps its 6 digits."),
    "identifier_failures_per_month": _("Against somebody who guesses slowly. Every success begins anew."),
    "instance_failures": _("Everybody but a recognised browser has to type 8 digits instead of 6, for 24 hours."),
    "instance_failures_per_day": _("Everybody but a recognised browser has to type 8 digits instead of 6."),
    "instance_emails": _("Protects your standing with mail providers. People who were here before get theirs."),
    "identifier_unknown_account": _("0: none is ever sent. Nobody is told."),
    "instance_unknown_account": _("0: none is ever sent. Nobody is told."),
    "sms_prefix": _(
        "Whoever owns a range of numbers earns with it. Who asks for more waits for an SMS that does not come."
    ),
    "sms_prefix_per_day": _("The same, over a day."),
    "sms_country": _("Nobody new in this country gets an SMS then, until the hour is over."),
    "sms_conversion": _("0: no country is paused by itself. A pause ends as soon as enough codes are typed."),
    "sms_conversion_sample": _("Fewer say nothing about a country."),
    "sms_instance": _("Then nobody new gets an SMS, until the hour is over. Email goes on."),
    "sms_instance_per_day": _("The same, over a day."),
    "sms_proven": _("People with an account get an SMS, whatever strangers have used up."),
    "sms_proven_per_day": _("The same, over a day."),
}


class LimitsForm(forms.ModelForm):
    """The limits as fields of their own: what is saved is what differs from the defaults."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {**self.initial, **limit_values(self.instance)}

    def clean(self) -> dict[str, Any]:
        """Put the table together, but for what is wrong at its own field."""
        given = super().clean() or self.cleaned_data
        offered = [name for name in LIMITS if NUMBER.format(name) in self.fields]
        if offered:
            numbers = {name: given.get(NUMBER.format(name), self.instance.limit(name)) for name in offered}
            self.instance.limits = {name: n for name, n in numbers.items() if n != LIMITS[name].default}
            self.instance.tracked_only = [name for name in offered if given.get(BOX.format(name))]
        return given


def build_limits_form() -> type[LimitsForm]:
    """Return the form with its fields, two for each limit."""
    fields: dict[str, forms.Field] = {}
    for name, limit in LIMITS.items():
        fields[NUMBER.format(name)] = _limit_field(limit)
        fields[BOX.format(name)] = forms.BooleanField(label=_("count only"), required=False)
    return type("SettingsForm", (LimitsForm,), fields)


def limit_rows() -> list[tuple[str, str]]:
    """Return the names of the fields, a line for each limit."""
    return [(NUMBER.format(name), BOX.format(name)) for name in LIMITS]


def limit_values(settings: InstanceSettings) -> dict[str, Any]:
    """Return what the fields show."""
    numbers = {NUMBER.format(name): settings.limit(name) for name in LIMITS}
    return numbers | {BOX.format(name): name in settings.tracked_only for name in LIMITS}


def _limit_field(limit: Limit) -> forms.IntegerField:
    told = {"range": f"{limit.low:,}–{limit.high:,}", "default": f"{limit.default:,}"}
    notice = LIMIT_HELP.get(limit.name, "")
    return forms.IntegerField(
        label=limit.label,
        min_value=limit.low,
        max_value=limit.high,
        help_text=format_lazy("{} {}", notice, _("From %(range)s; default: %(default)s.") % told),
    )


PREVIEW_CODE = "1234567890"[: codes.LENGTH]
PREVIEWED = ["application_name", "email_subject", "sms_text"]


def render_preview(settings: InstanceSettings) -> SafeString:
    """Show what these settings come to, as HTML."""
    email, text = (
        render.render_text(settings, MessageKind.SIGN_IN, channel, PREVIEW_CODE, settings.code_life)
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


def typed_settings(settings: InstanceSettings, given: Any) -> InstanceSettings:
    """Put into `settings` what stands in the form. Raises `ValidationError` for what Apply would refuse."""
    for name in PREVIEWED:
        setattr(settings, name, given.get(name, "").strip())
    settings.code_in_subject = "code_in_subject" in given
    settings.clean_fields(exclude={field.name for field in settings._meta.fields} - {*PREVIEWED})
    message_texts.validate(settings)
    return settings


def render_problems(error: ValidationError) -> SafeString:
    """Show why there is nothing to be shown, as HTML."""
    return render_to_string("passwordless_otp/admin/preview.html", {"problems": error.messages})


def describe_settings(settings: InstanceSettings, printing: Collection[str]) -> list[str]:
    """Return what these settings come to. `printing` has the channels whose messages reach nobody."""
    if not settings.kinds:
        return [gettext("Nobody can sign in or sign up by code.")]
    sentences = [_sign_in_sentence(settings), _sign_up_sentence(settings)]
    sentences += [
        _undelivered_sentence(kind) for kind in Kind if settings.offers(kind) and kind.channel in printing
    ]
    if settings.staff_sign_in:
        sentences += [gettext("Staff and superusers may sign in by code, too.")]
    if settings.test_mode:
        sentences += [
            gettext("Test mode is on: whoever knows a test identifier and its code can sign in with it.")
        ]
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
        return gettext("Sign-up is open only to those whom the list of restrictions allows.")
    required = [kind for kind in Kind if settings.requires(kind)]
    if not required:
        return gettext("Sign-up is open.")
    if required == [Kind.EMAIL_ADDRESS]:
        return gettext("Sign-up is open to people who verify their email address.")
    if required == [Kind.PHONE_NUMBER]:
        return gettext("Sign-up is open to people who verify their phone number.")
    return gettext("Sign-up is open to people who verify their email address and their phone number.")


def _undelivered_sentence(kind: Kind) -> str:
    if kind == Kind.EMAIL_ADDRESS:
        return gettext("Email codes are on, but email goes to the console: no provider is configured.")
    return gettext("SMS codes are on, but SMS goes to the console: no provider is configured.")


CONSOLE = f"{conf.BACKENDS}.console.ConsoleBackend"
FOR_SUPERUSERS = ["staff_sign_in", "test_mode"]
MESSAGES = ["application_name", "support_email", "code_in_subject", "email_subject", "sms_text"]
LISTED = _("Who may sign up, and who may not, is in a list of its own: restrictions.")
SMS: list[Any] = [
    "sms_countries", "sms_voip", "sms_blocked_prefixes", "sms_prices",
    ("sms_currency", "sms_daily_budget", "sms_proven_daily_budget"), "sms_paused", "sms_never_paused",
]  # fmt: skip
PROTECTION: list[Any] = ["enumeration_protection", "staff_sign_in", *limit_rows()]
LIMITED = _(
    "Limits hold for every span of their length. A limit with “count only” refuses nobody and changes no code: "
    "you read in the log what would have happened."
)
USES = ["enabled", "required", "used_for_identification"]


@admin.register(InstanceSettings)
class InstanceSettingsAdmin(admin.ModelAdmin):
    """The one page that steers everything."""

    change_form_template = "passwordless_otp/admin/instance_settings.html"
    form = build_limits_form()
    inlines = [TestIdentifierInline]
    fieldsets = [
        (_("Contact information"), {"fields": [tuple(f"{kind}_{use}" for use in USES) for kind in Kind]}),
        (_("Authentication factors"), {"fields": ["email_code", "phone_code"]}),
        (_("Sign-up"), {"fields": ["sign_up_mode", "first_name", "last_name", "username"]}),
        (_("Codes"), {"fields": ["max_tries", "code_life", "resend_interval", "messages_per_flow"]}),
        (_("Attack protection"), {"fields": PROTECTION, "description": LIMITED, "classes": ["otp-limits"]}),
        (_("Restrictions"), {"fields": ["block_subaddresses", "block_disposable"], "description": LISTED}),
        (_("Phone countries and SMS budget"), {"fields": SMS}),
        (_("Sessions"), {"fields": ["session_lifetime_days"]}),
        (_("Messages"), {"fields": [*MESSAGES, "preview"]}),
        (_("Test mode"), {"fields": ["test_mode"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: they are always there."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: they are always there."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave to superusers what lets people in as staff, or with a code that others know."""
        return ["preview"] if is_superuser(request.user) else ["preview", *FOR_SUPERUSERS]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Let countries be chosen by name."""
        if db_field.name in COUNTRIES:
            return countries.field(db_field.verbose_name, db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **options)

    @admin.display(description=_("preview"))
    def preview(self, obj: InstanceSettings) -> str:
        """Show the messages as they are saved; a script lets it follow what is typed."""
        url = reverse("admin:passwordless_otp_preview", current_app=self.admin_site.name)
        shown = render_preview(InstanceSettings.editable())
        return format_html('<div class="otp-preview" data-otp-preview="{}">{}</div>', url, shown)

    def get_urls(self) -> list[Any]:
        """Add the preview of what is typed."""
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="passwordless_otp_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show the messages with the texts in the query, or why they would be refused."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            return HttpResponse(render_preview(typed_settings(InstanceSettings.editable(), request.GET)))
        except ValidationError as error:
            return HttpResponse(render_problems(error))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Go on to the form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(reverse(name, args=["1"], current_app=self.admin_site.name))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> InstanceSettings | None:
        """Return the settings as they are saved, or the defaults."""
        if object_id != "1":
            return None
        settings = InstanceSettings.editable()
        for name, value in limit_values(settings).items():
            setattr(settings, name, value)  # shown to who may only look
        return settings

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> HttpResponse:
        """Say what visitors get now, whatever the form may hold by this time."""
        if request.method == "GET":
            for sentence in health.sms_warnings(InstanceSettings.editable()):
                self.message_user(request, sentence, messages.WARNING)
        printing = {kind.channel for kind in Kind if conf.chain(kind.channel)[0].get("BACKEND") == CONSOLE}
        now = {
            "title": _("Instance settings"),
            "subtitle": None,
            "sentences": describe_settings(InstanceSettings.editable(), printing),
        }
        return super().render_change_form(request, {**context, **now}, *args, **options)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Stay on the page."""
        self.message_user(request, _("Applied: this holds from the next request."), messages.SUCCESS)
        return HttpResponseRedirect(request.path)

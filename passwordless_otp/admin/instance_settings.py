"""Instance settings: one form, no list."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import router
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf
from passwordless_otp.admin import countries, limits_form, preview, sms_troubles, summary
from passwordless_otp.admin.identifier_form import is_superuser
from passwordless_otp.admin.test_identifiers import TestIdentifierInline
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.sms_settings import COUNTRIES

CONSOLE = f"{conf.BACKENDS}.console.ConsoleBackend"
FOR_SUPERUSERS = ["staff_sign_in", "test_mode"]
MESSAGES = ["application_name", "support_email", "code_in_subject", "email_subject", "sms_text"]
LISTED = _("Who may sign up, and who may not, is in a list of its own: restrictions.")
SMS: list[Any] = [
    "sms_countries", "sms_voip", "sms_blocked_prefixes", "sms_prices",
    ("sms_currency", "sms_daily_budget", "sms_proven_daily_budget"), "sms_paused", "sms_never_paused",
]  # fmt: skip
PROTECTION: list[Any] = ["enumeration_protection", "staff_sign_in", *limits_form.rows()]
LIMITED = _(
    "Limits hold for every span of their length. A limit with “count only” refuses nobody and changes no code: "
    "you read in the log what would have happened."
)
USES = ["enabled", "required", "used_for_identification"]


@admin.register(InstanceSettings)
class InstanceSettingsAdmin(admin.ModelAdmin):
    """The one page that steers everything."""

    change_form_template = "passwordless_otp/admin/instance_settings.html"
    form = limits_form.build()
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
        shown = preview.render(_saved())
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
            return HttpResponse(preview.render(preview.typed(_saved(), request.GET)))
        except ValidationError as error:
            return HttpResponse(preview.problems(error))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Go on to the form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(reverse(name, args=["1"], current_app=self.admin_site.name))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> InstanceSettings | None:
        """Return the settings as they are saved, or the defaults."""
        if object_id != "1":
            return None
        settings = _saved()
        for name, value in limits_form.values(settings).items():
            setattr(settings, name, value)  # shown to who may only look
        return settings

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> HttpResponse:
        """Say what visitors get now, whatever the form may hold by this time."""
        if request.method == "GET":
            for sentence in sms_troubles.now(_saved()):
                self.message_user(request, sentence, messages.WARNING)
        printing = {kind.channel for kind in Kind if conf.chain(kind.channel)[0].get("BACKEND") == CONSOLE}
        now = {
            "title": _("Instance settings"),
            "subtitle": None,
            "sentences": summary.describe(_saved(), printing),
        }
        return super().render_change_form(request, {**context, **now}, *args, **options)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Stay on the page."""
        self.message_user(request, _("Applied: this holds from the next request."), messages.SUCCESS)
        return HttpResponseRedirect(request.path)


def _saved() -> InstanceSettings:
    using = router.db_for_write(InstanceSettings)
    return InstanceSettings.objects.using(using).filter(pk=1).first() or InstanceSettings(pk=1)

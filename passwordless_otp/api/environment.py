"""The instance settings as JSON: what a front end may offer."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings as site
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_script_prefix

from passwordless_otp import conf, links
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings import Presence
from passwordless_otp.models.instance_settings.restrictions import SignUpMode
from passwordless_otp.models.restrictions import Effect

NEVER = ["password", "web3_wallet", "passkey", "authenticator_app", "backup_code"]


def environment(settings: InstanceSettings) -> dict[str, Any]:
    """Return what this site offers."""
    strategies = [kind.strategy for kind in Kind if settings.offers(kind)]
    return {
        "object": "environment",
        "auth_config": {
            "object": "auth_config",
            "single_session_mode": True,
            "test_mode": settings.test_mode,
            "first_factors": strategies,
            "identification_strategies": list(settings.kinds),
            "identification_requirements": [],
        },
        "display_config": _display(settings),
        "user_settings": {
            "attributes": _attributes(settings),
            "social": {},
            "sign_in": {"second_factor": {"required": False}},
            "sign_up": {
                "mode": "public" if settings.sign_up_open else "restricted",
                "progressive": True,
                "captcha_enabled": False,
                "captcha_widget_type": None,
                "custom_action_required": False,
                "legal_consent_enabled": False,
            },
            "restrictions": {name: {"enabled": enabled} for name, enabled in _restrictions(settings).items()},
            "attack_protection": {
                "enumeration_protection": {"enabled": settings.enumeration_protection},
                "user_lockout": {"enabled": False},
            },
        },
        "organization_settings": {"enabled": False},
        "maintenance_mode": False,
    }


def _restrictions(settings: InstanceSettings) -> dict[str, bool]:
    return {
        "allowlist": settings.sign_up_mode == SignUpMode.RESTRICTED,
        "blocklist": not {*settings.restrictions.values()} <= {Effect.ALLOW},
        "block_email_subaddresses": settings.block_subaddresses,
        "block_disposable_email_domains": settings.block_disposable,
    }


def _display(settings: InstanceSettings) -> dict[str, Any]:
    origin = conf.public_origin()
    after_in, after_out = (
        origin + path if path.startswith("/") else path
        for path in (
            resolve_url(site.LOGIN_REDIRECT_URL),
            resolve_url(site.LOGOUT_REDIRECT_URL or get_script_prefix()),
        )
    )
    return {
        "object": "display_config",
        "application_name": settings.app,
        "preferred_sign_in_strategy": "otp",
        "instance_environment_type": "production",
        "branded": False,
        "captcha_public_key": None,
        "theme": {},
        "home_url": origin + get_script_prefix(),
        "sign_in_url": _page("sign_in"),
        "sign_up_url": _page("sign_up"),
        "after_sign_in_url": after_in,
        "after_sign_up_url": after_in,
        "after_sign_out_one_url": after_out,
        "after_sign_out_all_url": after_out,
        "support_email": settings.support_email,
    }


def _page(name: str) -> str:
    try:
        return conf.public_origin() + links.path(name)
    except NoReverseMatch:
        return ""


def _attributes(settings: InstanceSettings) -> dict[str, Any]:
    found = {}
    for kind in Kind:
        enabled, required = settings.offers(kind), settings.requires(kind)
        strategies = [kind.strategy] if enabled else []
        found[kind.value] = _attribute(enabled, required, settings.identifies(kind), strategies)
    for name in sign_up.NAMES:
        presence = getattr(settings, name)
        found[name] = _attribute(presence != Presence.OFF, presence == Presence.REQUIRED)
    return found | {name: _attribute(enabled=False) for name in NEVER}


def _attribute(
    enabled: bool, required: bool = False, identifies: bool = False, proven_by: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "enabled": enabled,
        "required": required,
        "used_for_first_factor": identifies,
        "first_factors": [*proven_by] if identifies else [],
        "used_for_second_factor": False,
        "second_factors": [],
        "verifications": [*proven_by],
        "verify_at_sign_up": bool(proven_by),
    }

"""Messages as visitors get them, beside the fields: as they are saved, and as they are typed."""

import pytest

from passwordless_otp.models import InstanceSettings
from tests.admin.conftest import SETTINGS, apply, text

pytestmark = pytest.mark.django_db
PREVIEW = "/admin/passwordless_otp/instancesettings/preview/"
ON = {"code_in_subject": "on"}


def test_preview_shows_saved_texts(root):
    apply(root, application_name="Larder", sms_text="$code for $app")
    page = text(root.get(SETTINGS))
    assert "123456 is your sign-in code for Larder" in page
    assert "123456 for Larder\n\n@example.com #123456" in page
    assert "1 segment: 39 characters of 160" in page


def test_preview_shows_saved_texts_after_refused_form(root):
    page = text(apply(root, sms_text="nothing"))
    assert "Add $code." in page
    assert "123456 is your sign-in code for example.com. Give it to nobody." in page
    assert not InstanceSettings.objects.exists()


def test_preview_shows_entered_texts_without_saving(root):
    page = text(root.get(PREVIEW, {"email_subject": "Your $app: $code", "application_name": "Larder", **ON}))
    assert "Your Larder: 123456" in page
    assert not InstanceSettings.objects.exists()


def test_preview_shows_errors_of_entered_texts(root):
    assert "Add $code." in text(root.get(PREVIEW, {"sms_text": "Hello", **ON}))
    assert "at most 120" in text(root.get(PREVIEW, {"email_subject": "$code" + "a" * 120, **ON}))
    assert "single line" in text(root.get(PREVIEW, {"application_name": "a\nb", **ON}))


def test_preview_ignores_errors_of_other_fields(root):
    InstanceSettings(pk=1, max_tries=99, phone_number_required=True).save()
    assert "is your sign-in code" in text(root.get(PREVIEW, ON))


def test_preview_leaves_code_out_of_subject_if_switched_off(root):
    assert "Your sign-in code for example.com" in text(root.get(PREVIEW))


def test_preview_escapes_entered_texts(root):
    given = {
        "email_subject": "<script>$code {{ 7|add:1 }}",
        "sms_text": "<b>$code",
        "application_name": "<i>",
        **ON,
    }
    page = text(root.get(PREVIEW, given))
    assert "&lt;script&gt;123456 {{ 7|add:1 }}" in page
    for tag in ["<script", "<b>", "<i>"]:
        assert tag not in page


def test_preview_of_other_texts_needs_change_permission(viewer, client):
    assert "is your sign-in code" in text(viewer.get(SETTINGS))
    assert viewer.get(PREVIEW).status_code == 403
    assert client.get(PREVIEW).status_code == 302

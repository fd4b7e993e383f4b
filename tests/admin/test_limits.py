"""Each limit is a number with a range and a box; what is wrong is said at its field."""

import pytest

from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import LIMITS
from tests.admin.conftest import SETTINGS, apply, text
from tests.docs.blocks import ROOT
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db(transaction=True)
every_limit = pytest.mark.parametrize("name", LIMITS)


def errors_of(answer):
    assert answer.status_code == 200, "it was applied"
    return answer.context["adminform"].form.errors


def test_the_form_shows_what_holds_in_the_order_of_the_table(root):
    InstanceSettings(limits={"ip_flows": 77}, tracked_only=["ip_sms"]).save()
    page = root.get(SETTINGS)
    form, [section] = (
        page.context["adminform"].form,
        [fieldset for fieldset in page.context["adminform"] if fieldset.name == "Attack protection"],
    )
    assert [line.fields for line in section][2:] == [(f"limit_{name}", f"track_{name}") for name in LIMITS]
    for name, limit in LIMITS.items():
        assert form[f"limit_{name}"].value() == (77 if name == "ip_flows" else limit.default)
        assert form[f"track_{name}"].value() == (name == "ip_sms")
        assert str(limit.label) in text(page)


@every_limit
def test_every_limit_takes_its_range_and_nothing_beyond(root, name):
    limit, field = LIMITS[name], f"limit_{name}"
    for number in [limit.low, limit.high]:
        assert apply(root, **{field: str(number)}).status_code == 302
        assert InstanceSettings.objects.get().limit(name) == number
    for wrong in [limit.low - 1, limit.high + 1, "", "many", "1.5"]:
        assert list(errors_of(apply(root, **{field: str(wrong)}))) == [field]
    assert InstanceSettings.objects.get().limit(name) == limit.high


@every_limit
def test_every_limit_can_be_counted_only(root, name):
    apply(root, **{f"track_{name}": True})
    assert InstanceSettings.objects.get().tracked_only == [name]
    apply(root, **{f"track_{name}": False})
    assert InstanceSettings.objects.get().tracked_only == []


def test_only_what_differs_from_the_defaults_is_saved(root):
    apply(root, limit_ip_flows="61")
    assert InstanceSettings.objects.get().limits == {"ip_flows": 61}
    apply(root, limit_ip_flows="60")
    assert InstanceSettings.objects.get().limits == {}


def test_a_change_holds_from_the_next_request(root):
    apply(root, limit_ip_flows="5")
    assert [ApiVisitor().sign_in(EMAIL).status_code for _ in range(6)] == [200] * 5 + [429]
    apply(root, track_ip_flows=True)
    assert ApiVisitor().sign_in(EMAIL).status_code == 200


def test_who_may_only_look_sees_the_numbers(viewer):
    InstanceSettings(limits={"ip_flows": 12_345}).save()
    page = text(viewer.get(SETTINGS))
    assert "12345" in page
    assert 'name="limit_ip_flows"' not in page


def test_a_limit_that_exists_no_more_is_dropped_with_the_next_change(root):
    InstanceSettings(limits={"gone": 5}, tracked_only=["gone"]).save()
    assert apply(root, limit_ip_flows="61").status_code == 302
    saved = InstanceSettings.objects.get()
    assert (saved.limits, saved.tracked_only) == ({"ip_flows": 61}, [])


def table_of_limits():
    """The table of docs/instance-settings.md, as it has to be."""
    rows = [
        f"| {limit.label} | {limit.default:,} | {limit.low:,}–{limit.high:,} | {limit.help} | `{limit.name}` |"
        for limit in LIMITS.values()
    ]
    return "\n".join(
        ["| limit | default | range | what a visitor notices | name |", "|---|---|---|---|---|", *rows]
    )


def test_documentation_lists_every_limit_as_the_code_has_it():
    assert table_of_limits() in (ROOT / "docs/instance-settings.md").read_text()

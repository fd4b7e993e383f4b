"""Each limit is a number with a range and a box; what is wrong is said at its field."""

import pytest

from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import FIRST, LIMITS, Refund
from passwordless_otp.rate_limits.rules import with_shares
from passwordless_otp.rate_limits.windows import Bucket
from tests.admin.conftest import SETTINGS, apply, text
from tests.docs.blocks import ROOT
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db


def has_limits(section):
    return section.name in {"Attack protection", "Advanced limits"}


def errors_of(answer):
    assert answer.status_code == 200, "it was applied"
    return answer.context["adminform"].form.errors


def test_form_shows_limits_in_use_in_the_order_of_the_table(root):
    InstanceSettings(limits={"ip_flows": 77}, tracked_only=["ip_sms"]).save()
    page = root.get(SETTINGS)
    form = page.context["adminform"].form
    sections = [section for section in page.context["adminform"] if has_limits(section)]
    first, advanced = ([line.fields for line in section] for section in sections)
    assert first[3:] == [(f"limit_{name}", f"track_{name}") for name in FIRST]
    assert advanced == [(f"limit_{name}", f"track_{name}") for name in LIMITS if name not in FIRST]
    for name, limit in LIMITS.items():
        assert form[f"limit_{name}"].value() == (77 if name == "ip_flows" else limit.default)
        assert form[f"track_{name}"].value() == (name == "ip_sms")
        assert str(limit.label) in text(page)


def posted(number_of):
    """Return the fields of the form that set each limit to its number."""
    return {f"limit_{name}": str(number_of(limit)) for name, limit in LIMITS.items()}


@pytest.mark.parametrize("end", ["low", "high"])
def test_every_limit_accepts_both_ends_of_its_range(root, end):
    assert apply(root, **posted(lambda limit: getattr(limit, end))).status_code == 302
    saved = InstanceSettings.objects.get()
    assert {name: saved.limit(name) for name in LIMITS} == {name: getattr(LIMITS[name], end) for name in LIMITS}


@pytest.mark.parametrize(
    "wrong",
    [lambda limit: limit.low - 1, lambda limit: limit.high + 1, lambda _: "", lambda _: "many", lambda _: "1.5"],
    ids=["too low", "too high", "nothing", "a word", "a fraction"],
)
def test_every_limit_refuses_any_other_value_at_its_field(root, wrong):
    assert set(errors_of(apply(root, **posted(wrong)))) == set(posted(wrong))
    assert not InstanceSettings.objects.exists()


def test_one_invalid_limit_is_refused_at_its_field_alone(root):
    assert list(errors_of(apply(root, limit_ip_flows="many"))) == ["limit_ip_flows"]


def test_every_limit_can_be_counted_only(root):
    for chosen in [set(LIMITS), {"ip_flows"}, set()]:
        apply(root, **{f"track_{name}": name in chosen for name in LIMITS})
        assert set(InstanceSettings.objects.get().tracked_only) == chosen


def test_only_limits_that_differ_from_defaults_are_saved(root):
    apply(root, limit_ip_flows="61")
    assert InstanceSettings.objects.get().limits == {"ip_flows": 61}
    apply(root, limit_ip_flows="60")
    assert InstanceSettings.objects.get().limits == {}


def test_changed_limit_takes_effect_with_the_next_request(root):
    apply(root, limit_ip_flows="5")
    assert [ApiVisitor().sign_in(EMAIL).status_code for _ in range(6)] == [200] * 5 + [429]
    apply(root, track_ip_flows=True)
    assert ApiVisitor().sign_in(EMAIL).status_code == 200


def test_viewer_sees_limits(viewer):
    InstanceSettings(limits={"ip_flows": 12_345}).save()
    page = text(viewer.get(SETTINGS))
    assert "12345" in page
    assert 'name="limit_ip_flows"' not in page


def test_unknown_saved_limit_is_dropped_by_the_next_change(root):
    InstanceSettings(limits={"gone": 5}, tracked_only=["gone"]).save()
    assert apply(root, limit_ip_flows="61").status_code == 302
    saved = InstanceSettings.objects.get()
    assert (saved.limits, saved.tracked_only) == ({"ip_flows": 61}, [])


REFUNDED_BY = {Refund.NEVER: "–", Refund.BY_PROOF: "a right code", Refund.BY_SIGN_IN: "a sign-in"}


def table_of_limits():
    """The table of docs/instance-settings.md, as it has to be."""
    lines = [
        "| limit | default | range | one IP address | refunded by | what a visitor notices | name |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, limit in LIMITS.items():
        total = Bucket(name, (), limit.default, limit.seconds)
        share = f"{with_shares(total, ['192.0.2.1'])[1].limit:,}" if limit.shared else ""
        numbers = f"{limit.default:,} | {limit.low:,}–{limit.high:,} | {share or '–'}"
        lines.append(f"| {limit.label} | {numbers} | {REFUNDED_BY[limit.refund]} | {limit.help} | `{name}` |")
    return "\n".join(lines)


def test_documentation_lists_every_limit_as_the_code_has_it():
    assert table_of_limits() in (ROOT / "docs/instance-settings.md").read_text()

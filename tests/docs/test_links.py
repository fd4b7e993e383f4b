"""Links between the pages, and tables that must list everything the code has."""

import inspect
import re
from pkgutil import resolve_name

import pytest

from passwordless_otp import conf, errors
from passwordless_otp.checks import findings
from passwordless_otp.messaging.backends import email, twilio, twilio_verify
from passwordless_otp.models import InstanceSettings
from tests.docs.blocks import PAGES, ROOT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_resolve(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    broken = []
    for target in [target for target in targets if not target.startswith("http")]:
        path, _, anchor = target.partition("#")
        to = page.parent / path if path else page
        if not to.exists() or (anchor and anchor not in anchors(to)):
            broken.append(target)
    assert broken == []


def anchors(page):
    """Return the anchors of a page: its headings, as links spell them, and its `<a id>`."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    named = set(re.findall(r'<a id="([\w-]+)">', page.read_text()))
    return named | {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_readme_names_every_module_of_the_package():
    text = (ROOT / "README.md").read_text()
    modules = (ROOT / "passwordless_otp").iterdir()
    names = {f"{path.name}/" if path.is_dir() else path.name for path in modules}
    assert {name for name in names if f"`{name}`" not in text} <= {"__init__.py", "__pycache__/", "py.typed"}


def glossary():
    """Return the rows of the glossary: term, meaning, names."""
    rows = (ROOT / "docs/glossary.md").read_text().splitlines()
    return [
        re.match(r'\| <a id="[\w-]+"></a>(.+?) \| (.+?) \| (.*?)\|$', row).groups()
        for row in rows
        if "<a id" in row
    ]


def test_glossary_is_in_alphabetical_order_without_repetition():
    terms = [term.lower() for term, _, _ in glossary()]
    assert terms == sorted(set(terms))


def test_glossary_names_what_the_package_has():
    for _, _, names in glossary():
        ours = re.match(r"(?:`[\w.]+`(?:, )?)*", names)[0]
        for name in re.findall(r"`([\w.]+)`", ours):
            assert resolve_name(f"passwordless_otp.{name}") is not None


def test_every_setting_is_documented():
    text = (ROOT / "docs/configuration.md").read_text()
    assert [key for key in conf.DEFAULTS if f"`{key}`" not in text] == []


@pytest.mark.parametrize("backend", [email.EmailBackend, twilio.TwilioBackend, twilio_verify.TwilioVerifyBackend])
def test_every_option_of_a_provider_is_documented(backend):
    text = (ROOT / "docs/delivery.md").read_text()
    assert [name for name in inspect.signature(backend).parameters if f"`{name}`" not in text] == []


def test_every_check_and_no_other_is_documented():
    sources = "".join(path.read_text() for path in (ROOT / "passwordless_otp/checks").glob("*.py"))
    rows = re.findall(
        r'^\| <a id="(\w+)"></a>`passwordless_otp\.(\w+)` \|', (ROOT / findings.PAGE).read_text(), re.M
    )
    assert all(anchor == number.lower() for anchor, number in rows)
    assert [number for _, number in rows] == sorted(set(re.findall(r'\b(?:error|warning)\("(\w+)"', sources)))


def test_every_signal_is_documented_with_its_arguments():
    source = (ROOT / "passwordless_otp/signals.py").read_text()
    text = (ROOT / "docs/customizing.md").read_text()
    declared = re.findall(r"^(\w+) = Signal\(\)  # (.+)$", source, re.M)
    assert len(declared) == source.count("Signal()")
    for name, arguments in declared:
        row = ", ".join(f"`{argument}`" for argument in arguments.split(", "))
        assert re.search(rf"^\| `{name}` \|.*\| {row} \|$", text, re.M), name


def test_every_instance_setting_is_documented():
    text = (ROOT / "docs/instance-settings.md").read_text().lower()
    fields = [field for field in InstanceSettings._meta.fields if field.name != "id"]
    assert [field.name for field in fields if str(field.verbose_name).lower() not in text] == []


def test_every_error_is_documented_with_its_status():
    text = (ROOT / "docs/api.md").read_text()
    refusals = [each for each in errors.OTPError.__subclasses__() if each.__module__ == errors.__name__]
    assert [r.code for r in refusals if not re.search(rf"\| {r.status} \|.*`{r.code}`", text)] == []


def test_every_template_of_the_pages_is_documented():
    text = (ROOT / "docs/pages.md").read_text()
    templates = (ROOT / "passwordless_otp/templates/passwordless_otp").glob("*.html")
    assert [path.name for path in templates if f"`{path.name}`" not in text] == []


def test_every_documented_custom_property_exists():
    text = (ROOT / "docs/pages.md").read_text()
    style = (ROOT / "passwordless_otp/static/passwordless_otp/passwordless_otp.css").read_text()
    assert [name for name in re.findall(r"`(--otp-[\w-]+)`", text) if f"{name}:" not in style] == []


def test_every_template_of_the_messages_is_documented():
    text = (ROOT / "docs/delivery.md").read_text()
    templates = (ROOT / "passwordless_otp/templates/passwordless_otp/messages").rglob("*.*")
    assert {path.name for path in templates if f"`{path.name}`" not in text} == set()

"""What a site may make its own."""

import copy

import pytest

from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, text_of


@pytest.fixture
def override(settings, tmp_path):
    """Put a template of the site's own in place of one of ours."""

    def write(name, text):
        folder = tmp_path / "passwordless_otp"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        templates = copy.deepcopy(settings.TEMPLATES)
        templates[0]["DIRS"] = [tmp_path]
        settings.TEMPLATES = templates

    return write


def test_one_file_changes_the_logo_of_every_page(visitor, override):
    override("_logo.html", '<img src="/static/logo.svg" alt="Willow Books">')
    visitor.ask()
    for path in [SIGN_IN, SIGN_IN_VERIFY]:
        assert '<img src="/static/logo.svg" alt="Willow Books">' in text_of(visitor.get(path))


@pytest.mark.parametrize("block", ["title", "logo", "head", "content", "footer"])
def test_every_block_can_be_filled_by_the_site(visitor, override, block):
    parent = "{% extends 'passwordless_otp/base.html' %}"
    override("sign_in.html", f"{parent}{{% block {block} %}}<i>ours</i>{{% endblock %}}")
    assert text_of(visitor.get(SIGN_IN)).count("<i>ours</i>") == 1


def test_a_sites_own_frame_holds_all_pages(visitor, override):
    override("base.html", "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}<hr>")
    visitor.ask()
    for path in [SIGN_IN, SIGN_IN_VERIFY]:
        assert text_of(visitor.get(path)).rstrip().endswith("<hr>")


def test_what_the_operator_typed_is_text_and_nothing_else(visitor, configure):
    configure(application_name="<b>{{ 7|add:1 }}</b>")
    assert "&lt;b&gt;{{ 7|add:1 }}&lt;/b&gt;" in text_of(visitor.get(SIGN_IN))

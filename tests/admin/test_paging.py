"""A list is counted only so far."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp.admin import base
from passwordless_otp.admin.base import CappedPaginator
from passwordless_otp.models import SignIn
from tests.admin.conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(monkeypatch):
    monkeypatch.setattr(base, "MAX_ROWS", 20)
    made = [SignIn(client=uuid.uuid4().hex, purpose="sign_in", email_address="a@example.com") for _ in range(30)]
    SignIn.objects.bulk_create(made)
    return SignIn.objects.order_by("-pk")


def test_paginator_counts_up_to_the_limit(rows):
    assert CappedPaginator(rows, 10).count == 20
    assert CappedPaginator(rows, 10).num_pages == 2
    assert CappedPaginator(rows[:5], 10).count == 5
    assert CappedPaginator(list(range(30)), 10).count == 20


def test_database_stops_counting_at_the_limit(rows):
    with CaptureQueriesContext(connection) as caught:
        CappedPaginator(rows, 10).count  # noqa: B018
    assert len(caught) == 1
    assert "LIMIT 20" in caught[0]["sql"]


def test_newest_rows_come_first_and_page_says_where_the_list_ends(root, rows):
    page = root.get("/admin/passwordless_otp/signin/")
    newest = [row.pk for row in rows]
    assert [row.pk for row in page.context["cl"].result_list] == newest[: len(page.context["cl"].result_list)]
    assert "search to find older ones" in text(page)

"""PostgreSQL: counting does not wait for the disk, and what the site commits does."""

from collections import Counter as Tally

import pytest
from django.db import connection, transaction

from passwordless_otp.models import Counter
from passwordless_otp.rate_limits import windows
from tests.rate_limits.buckets import bucket, take

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TRIGGER = """
CREATE TABLE seen (setting text);
CREATE FUNCTION note_setting() RETURNS trigger AS $$
BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$ LANGUAGE plpgsql;
CREATE CONSTRAINT TRIGGER note_setting AFTER INSERT OR UPDATE ON passwordless_otp_counter
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_setting();
"""
REMOVE = "DROP TRIGGER note_setting ON passwordless_otp_counter; DROP FUNCTION note_setting; DROP TABLE seen;"


@pytest.fixture(autouse=True)
def on():
    """Wait for the disk, whatever this server has been told to do."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET synchronous_commit")


@pytest.fixture
def committed_with():
    """Return the setting with which each change of a counter was committed: it is read while it commits."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)

    def read():
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting FROM seen")
            return [setting for (setting,) in cursor.fetchall()]

    yield read
    with connection.cursor() as cursor:
        cursor.execute(REMOVE)


def setting():
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return cursor.fetchone()[0]


def test_counting_and_refunding_do_not_wait_for_the_disk(committed_with):
    windows.refund(Tally(take(bucket())))
    assert committed_with() == ["off", "off"]


def test_other_changes_of_a_counter_wait_for_the_disk(committed_with):
    take(bucket())
    Counter.objects.update(count=2)
    assert committed_with() == ["off", "on"]


def test_next_transaction_of_the_connection_waits_for_the_disk():
    take(bucket())
    assert setting() == "on"


def test_refund_in_a_transaction_of_the_site_leaves_its_commit_as_it_was():
    receipts = take(bucket())
    with transaction.atomic():
        windows.refund(Tally(receipts))
        assert setting() == "on"

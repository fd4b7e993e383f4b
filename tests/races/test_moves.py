"""Completions of one browser at once: what it completed before moves with one of them, and nothing is left."""

import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.utils import timezone

from passwordless_otp.models import Flow
from passwordless_otp.models.flows import MOST_MOVED

OVER = 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_completed_flows_move_once_and_leave_nothing():
    people = [get_user_model().objects.create_user(username=f"u{n}") for n in range(MOST_MOVED + OVER)]
    done = {"purpose": "sign_in", "status": "complete", "completed_at": timezone.now()}
    for person in people:
        Flow.objects.create(client="old", user=person, **done)
    moved, gate = [], threading.Barrier(6)

    def move(number):
        gate.wait()
        with transaction.atomic():
            moved.append(Flow.objects.move_completed("old", f"new{number}", None))
        connections.close_all()

    threads = [threading.Thread(target=move, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [0] * 5 + [len(people)]
    clients = list(Flow.objects.values_list("client", flat=True))
    assert clients.count("") == OVER
    assert len(set(clients)) == 2
    assert "old" not in clients

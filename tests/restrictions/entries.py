"""Entries, as an operator saves them."""

from passwordless_otp.models import Restriction


def enter(effect, *patterns):
    for pattern in patterns:
        entry = Restriction(pattern=pattern, effect=effect)
        entry.full_clean()
        entry.save()


def block(*patterns):
    enter("block", *patterns)


def allow(*patterns):
    enter("allow", *patterns)


def shut_out(*patterns):
    enter("block_sign_in", *patterns)

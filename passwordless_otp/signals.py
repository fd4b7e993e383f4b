"""What a site may listen to. Sent after the commit, with `send_robust`: a receiver can't undo anything.

`events` sends them all; docs/customizing.md has their arguments.
"""

from django.dispatch import Signal

signed_up = Signal()  # request, user, flow
signed_in = Signal()  # request, user, flow
code_sent = Signal()  # message
code_rejected = Signal()  # request, verification
limit_reached = Signal()  # limit, number, seconds, subject, enforced
code_format_escalated = Signal()  # limit, scope, address, length, alphabet
budget_reached = Signal()  # scope, subject, percent
country_paused = Signal()  # country
sessions_ended = Signal()  # user, complete

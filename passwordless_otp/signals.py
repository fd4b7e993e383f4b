"""What a site may listen to. Sent after the commit, with `send_robust`: a receiver can't undo a sign-in.

`signed_up` and `signed_in` come with `request`, `user` and `flow`; `sessions_ended` with `user` and `complete`,
which is false where the user has a password: her sessions go on until she changes it.
"""

from django.dispatch import Signal

signed_up = Signal()
signed_in = Signal()
sessions_ended = Signal()

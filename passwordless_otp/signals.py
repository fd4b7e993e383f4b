"""What a site may listen to. Sent after the commit, with `send_robust`: a receiver can't undo a sign-in.

`signed_up` and `signed_in` come with `request`, `user` and `flow`.

`budget_reached` comes with `scope`, the name of a limit on SMS; `subject`, whose limit it is: nobody's in
particular, a country or a prefix; and `percent` (50, 80 or 100; from 100 on messages are held back).
`country_paused` comes with `country`. Each once in the hour or day that is counted.
"""

from django.dispatch import Signal

signed_up = Signal()
signed_in = Signal()
budget_reached = Signal()
country_paused = Signal()

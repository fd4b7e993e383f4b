"""Django signals that a site may listen to.

Each is sent by `events`, after the change is committed and outside of any transaction, with `send_robust`: an
exception of a receiver is logged and has no effect on the visitor. Arguments are keyword arguments; accept
`**kwargs`, since later versions may add some. docs/customizing.md has examples.
"""

from django.dispatch import Signal

signed_up = Signal()  # request, user, flow
"""A user was created and logged in; `signed_in` follows.

`request` is the `HttpRequest` of the last step, `user` the new user, `flow` the completed `SignUp`.
"""

signed_in = Signal()  # request, user, flow
"""A user was logged in.

`request` is the `HttpRequest` of the last step, `user` the user, `flow` the completed `SignIn` or `SignUp`.
"""

existing_user_linked = Signal()  # user, flow
"""The address in the email field of a user who existed before was proven, and is their identifier now.

Sent before the login. `user` is the user, `flow` the completed `SignUp`. With `flow.details["linked"] == "link"`
nobody had proven the address before: the password and all sessions have ended, and a site should revoke API
tokens and the like. With `"trust"` they go on.
"""

code_sent = Signal()  # message
"""A provider has accepted a message with a code. Sent by the worker that delivers, without a request.

`message` is the `Message`: its channel, provider and status, never its code.
"""

code_rejected = Signal()  # request, verification
"""A code was compared and was wrong.

`request` is the `HttpRequest`, which still contains the code that was typed: do not store it. `verification` is
the `Verification`, with its identifier and its number of tries.
"""

limit_reached = Signal()  # limit, number, seconds, subject, enforced
"""A rate limit has refused a step or suppressed a message, or would have if it were enforced.

`limit` is the name of the limit; it allows `number` in `seconds`. `subject` is a tuple of strings that says whose
limit it is: an identifier, an IP address, a prefix or a country, or nothing for the whole instance; with
"recognised" or "unlocked" if the count is that of such a browser. `enforced` is false for a limit that is only
tracked.
"""

code_format_escalated = Signal()  # limit, scope, identifier, length, alphabet
"""Wrong codes have triggered an escalation rule: the next codes are longer.

`limit` is the name of the limit that was reached. `scope` is `"identifier"`, `"browser"` (one recognised browser
of the identifier) or `"instance"`. `identifier` is an `IdentifierValue`, `None` for the instance. `length` is the
new number of characters, `alphabet` is `"digits"` or `"base32"`.
"""

budget_reached = Signal()  # limit, subject, percent
"""A limit of messages or a budget is used up to 50, 80 or 100 percent; from 100 on, messages are suppressed.

`limit` is its name; `subject` is a tuple of strings: the country or prefix it is for, empty for the whole
instance; "group" and its name follow for recognised or unlocked browsers. `percent` is 50,
80 or 100. Sent by the worker that delivers, once within the time of the limit.
"""

country_paused = Signal()  # country
"""The conversion breaker has paused a country, since too few of the codes sent there were used.

`country` is an ISO 3166-1 code of two letters. Sent by the worker that delivers, at most once an hour.
"""

sessions_ended = Signal()  # user, complete
"""Somebody has answered a security notice with “It was not me”.

`user` is the user whose access was revoked. `complete` is false if the user has a usable password: then their
sessions go on until they change it.
"""

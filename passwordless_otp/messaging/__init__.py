"""Messaging: how a saved message reaches a person.

In the order in which a message lives: `dispatch` hands it to whoever delivers it. `thread_pool` holds it until
a thread is free or a retry is due. `deliver` claims it, asks `suppression` whether it may go out, has
`render` write it, tries the providers that `routes` names and records the result. `security_notices` writes the
messages about a sign-in or an added identifier, `operator_mail` those about a limit of the whole site. `recover`
finds what a process or a queue has lost, and `tasks` is the worker for Django's task queue. `backends` holds the
providers.
"""

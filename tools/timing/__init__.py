"""Whether the time of an answer tells who has an account: `python -m tools.timing`.

A step that is answered cheaply is sent again and again for identifiers that somebody has and for others that
nobody has, of equal length, in turn. A batch is the tenth percentile of so many requests for one identifier. The
AUC is the probability that a batch for somebody known is slower than one for somebody unknown: 0.5 tells nothing,
1.0 everything.

A control makes each request for somebody known a little slower. If it can't be told from the others, the machine
is too busy for the AUC to mean anything.

It runs in one process on an SQLite file, with all limits raised. Delivery takes the message's id and does
nothing.
"""

LEAST, MOST = 0.42, 0.58  # an AUC that tells nothing
CLEAR = 0.9  # the least AUC of the control
DELAY = 0.0002  # seconds by which the control slows a request

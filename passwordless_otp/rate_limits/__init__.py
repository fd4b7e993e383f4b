"""How often anything may happen.

`rules` names the buckets that each step consumes, `windows` counts them, `throttle` consumes before a step and
refunds what it did not use, `code_strength` makes codes longer after wrong ones. Limits by which the worker
sends no message, without telling the visitor, are consumed in `messaging.suppression`.
"""

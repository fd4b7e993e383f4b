"""What happens.

1. A flow takes plain values and models, never a request.
2. It returns the model or raises an `OTPError`. No flags, no tuples, no `None` for failure. Within its
   transaction, a refusal after which something has to stay saved is returned, and raised after the commit.
3. A wrong code has cost a try before it raises; a refused limit leaves nothing behind.
4. It owns its transactions. Views are `non_atomic_requests`; `OTPError` is not a DRF `APIException`, because
   DRF's handler rolls back under `ATOMIC_REQUESTS` and would give the try back.
"""

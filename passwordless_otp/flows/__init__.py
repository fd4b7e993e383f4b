"""What happens in a sign-in and a sign-up. Start with `sign_in`.

1. A step takes the settings that its request has read, plain values and models; it never sees a request.
2. It returns a new flow or raises an `OTPError`. What has to stay saved is committed before the error is raised,
   and then the flow that was passed in must not be used again. Besides what its docstring names, a step raises
   `AlreadyVerified`, `VerificationExpired` or `ResourceNotFound` if the flow has ended, and `ServiceUnavailable`
   if other requests are in its way three times in a row.
3. Limits are consumed and committed before anything is looked up or changed. A step that fails refunds them; a
   wrong code does not. A refusal that has consumed nothing counts as a step of its source.
4. The verdict on a code is one conditional UPDATE. A failure is committed before it is raised. Nothing after that
   is tried again, so one code never costs two tries.
5. Steps own their transactions. Views are `non_atomic_requests`, and `OTPError` is no DRF `APIException`: DRF's
   handler rolls back under `ATOMIC_REQUESTS`, which would give the try back.
"""

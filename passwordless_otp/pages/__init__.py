"""The pages: sign-in, sign-up and sign-out as HTML."""

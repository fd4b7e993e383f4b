"""The JSON API: sign-in, sign-up and sessions as Clerk's front ends call them."""

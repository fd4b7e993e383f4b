"""The Django site that the tools measure, and the visitors who sign in to it."""

BLOCKING = "blocking"  # a DISPATCH that delivers before the answer
RECORD = "tools.site.package.record"  # a DISPATCH that delivers nothing

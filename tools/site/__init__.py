"""The Django site that the tools measure, and the visitors who sign in to it."""

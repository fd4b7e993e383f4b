"""`python -m tests.openapi` makes docs/openapi.yaml anew."""

from tests.openapi import document

document.write()

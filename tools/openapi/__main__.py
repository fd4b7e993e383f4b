"""Write docs/openapi.yaml: `python -m tools.openapi`."""

from tools.openapi import document

document.write()

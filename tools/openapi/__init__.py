"""Writes docs/openapi.yaml. Parameters, answers and refusals are read from the code of the views."""

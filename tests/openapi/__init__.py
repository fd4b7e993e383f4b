"""What docs/openapi.yaml is made of: read off the code, so that it says nothing which the code does not do."""

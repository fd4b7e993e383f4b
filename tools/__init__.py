"""Programs for developers of the package: neither part of it nor of its tests."""

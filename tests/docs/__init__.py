"""The blocks of README.md, CONTRIBUTING.md and docs/ are run, and their claims checked."""

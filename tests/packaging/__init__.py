"""The wheel, as a site installs it."""

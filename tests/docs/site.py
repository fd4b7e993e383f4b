"""A module made of the Python blocks of a page, as a reader would copy them."""

import sys
from types import ModuleType

from django.contrib import admin
from django.core.management import call_command
from django.urls import URLPattern, URLResolver

from tests.docs.blocks import blocks


def run(page, settings, monkeypatch):
    """Run the blocks in order, and check after each what it has set. Return the module `mysite`."""
    module = ModuleType("mysite")
    monkeypatch.setitem(sys.modules, "mysite", module)
    registered = set(admin.site._registry)
    try:
        for block in blocks(page, "python"):
            line = int(block.place.rpartition(":")[2])
            before = dict(vars(module))
            exec(compile("\n" * line + block.text, page.name, "exec"), vars(module))
            check(
                {name: value for name, value in vars(module).items() if before.get(name) is not value}, settings
            )
    finally:
        admin.site.unregister(set(admin.site._registry) - registered)  # of apps that a block has added
    return module


def check(made, settings):
    """Apply the settings that a block has set, and run the system checks."""
    for name, value in made.items():
        if name == "INSTALLED_APPS":
            new = [app for app in value if app is not ... and app not in settings.INSTALLED_APPS]
            settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *new]
        elif name.isupper() and not (isinstance(value, list) and ... in value):
            setattr(settings, name, value)
    call_command("check")
    for pattern in made.get("urlpatterns", []):
        assert pattern is ... or isinstance(pattern, URLPattern | URLResolver)

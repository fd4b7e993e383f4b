"""What a function can reach: the exceptions that its source, and all the source behind it, may raise.

Whatever a function of ours names, it may call; a method whose object is not known may be that of any of our
classes. So the answer is never too small for what is written in this package, and at worst a little too large.
What a handler catches, and does not let go on, does not count.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
from functools import cache, cached_property

import passwordless_otp

# Nothing below calls these.
ABOVE = {"admin", "api", "apps", "checks", "management", "migrations", "pages", "templatetags", "testing", "urls"}


def exceptions(function, owner=None):
    """Return the exception classes that running `function` may raise; `owner` is the class of its `self`."""
    return _of_function(function, owner, frozenset())


def named(function):
    """Return the objects of modules that this function's own source names."""
    scope, found = sys.modules[function.__module__], set()
    for node in ast.walk(_tree(function)):
        thing = _resolve(node, scope, None)
        if inspect.isclass(thing):
            found.add(thing)
    return found


@cache
def _tree(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    tree.decorator_list = []
    return tree


@cache
def _of_function(function, owner, running):
    function = inspect.unwrap(function)
    if function in running:
        return frozenset()
    walk = Walk(sys.modules[function.__module__], owner, running | {function})
    return frozenset(walk.all(_tree(function).body))


class Walk:
    """One function's source, with the functions defined in it."""

    def __init__(self, module, owner, running):
        self.module, self.owner, self.running = module, owner, running
        self.inner, self.inside = {}, set()

    def all(self, nodes):
        return set().union(*(self.of(node) for node in nodes), set())

    def of(self, node):
        if isinstance(node, ast.FunctionDef):
            self.inner[node.name] = node
            return set()
        if isinstance(node, ast.Try):
            return self.of_try(node)
        if isinstance(node, ast.AnnAssign):
            return self.of(node.value) if node.value else set()
        if isinstance(node, ast.Name) and node.id in self.inner:
            return self.of_inner(node.id)
        thing = _resolve(node, self.module, self.owner)
        if thing is not None:
            return self.of_thing(thing)
        unknown = set()
        if isinstance(node, ast.Attribute):
            unknown = set().union(*(self.of_thing(each, owner) for owner, each in _methods(node.attr)), set())
        return unknown | self.all(ast.iter_child_nodes(node))

    def of_inner(self, name):
        if name in self.inside:
            return set()
        self.inside.add(name)
        found = self.all(self.inner[name].body)
        self.inside.discard(name)
        return found

    def of_try(self, node):
        found = self.all(node.body)
        for handler in node.handlers:
            caught = _caught(handler, self.module)
            if caught and not _goes_on(handler):
                found = {each for each in found if not issubclass(each, caught)}
            found |= self.all(handler.body)
        return found | self.all([*node.orelse, *node.finalbody])

    def of_thing(self, thing, owner=None):
        if isinstance(thing, property):
            thing = thing.fget
        if isinstance(thing, cached_property):
            thing = thing.func
        if inspect.isclass(thing) and issubclass(thing, Exception):
            return {thing}
        ours = getattr(thing, "__module__", "").startswith(passwordless_otp.__name__)
        if ours and inspect.isfunction(thing):
            return _of_function(thing, owner or self.owner, self.running)
        return set()


def _resolve(node, module, owner):
    """Return what a name or a dotted name stands for, if that can be told without running anything."""
    if isinstance(node, ast.Name):
        return owner if node.id == "self" else getattr(module, node.id, None)
    if not isinstance(node, ast.Attribute):
        return None
    base = _resolve(node.value, module, owner)
    fixed = inspect.ismodule(base) or inspect.isclass(base)
    return inspect.getattr_static(base, node.attr, None) if fixed else None


def _caught(handler, module):
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    classes = tuple(_resolve(each, module, None) for each in named if each)
    return tuple(each for each in classes if inspect.isclass(each))


def _goes_on(handler):
    """Tell whether a handler raises again, or returns for its caller to raise, what it has caught."""
    for node in ast.walk(handler):
        if isinstance(node, ast.Raise) and node.exc is None:
            return True
        if not isinstance(node, ast.Raise | ast.Return):
            continue
        value = node.exc if isinstance(node, ast.Raise) else node.value
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        if any(isinstance(part, ast.Name) and part.id == handler.name for part in parts):
            return True
    return False


@cache
def _methods(name):
    """Return the functions of this name in all classes that a face may use, with their classes."""
    found = []
    for module in _modules():
        for thing in vars(module).values():
            if inspect.isclass(thing) and thing.__module__ == module.__name__ and name in vars(thing):
                found.append((thing, vars(thing)[name]))
    return found


@cache
def _modules():
    package = passwordless_otp
    names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    below = [name for name in names if name.split(".")[1] not in ABOVE]
    return [importlib.import_module(name) for name in below]

"""The exceptions that a function may raise, by its source and that of all functions of the package that it calls.

A function counts as called where it is named. A method of an unknown object counts as that of any class of the
package. So the result is complete for the code of the package, and may have more than can happen. An exception
that a handler catches and does not pass on does not count.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from types import ModuleType
from typing import Any

import passwordless_otp

Raised = set[type[Exception]]

# No module outside of these calls them.
ABOVE = {"admin", "api", "apps", "checks", "management", "migrations", "pages", "templatetags", "testing", "urls"}


def exceptions(function: Callable[..., Any], owner: type | None = None) -> frozenset[type[Exception]]:
    """Return the exception classes that `function` may raise; `owner` is the class of its `self`."""
    return _of_function(function, owner, frozenset())


def named(function: Callable[..., Any]) -> set[type]:
    """Return the classes that this function's own source names."""
    scope, found = sys.modules[function.__module__], set()
    for node in ast.walk(_tree(function)):
        thing = _resolve(node, scope, None)
        if inspect.isclass(thing):
            found.add(thing)
    return found


@cache
def _tree(function: Callable[..., Any]) -> ast.FunctionDef:
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list = []
    return tree


@cache
def _of_function(
    function: Callable[..., Any], owner: type | None, running: frozenset[Callable[..., Any]]
) -> frozenset[type[Exception]]:
    function = inspect.unwrap(function)
    if function in running:
        return frozenset()
    walk = _Walk(sys.modules[function.__module__], owner, running | {function})
    return frozenset(walk.of_all(_tree(function).body))


class _Walk:
    """One function's source, with the functions defined in it."""

    def __init__(self, module: ModuleType, owner: type | None, running: frozenset[Callable[..., Any]]) -> None:
        self.module, self.owner, self.running = module, owner, running
        self.inner: dict[str, ast.FunctionDef] = {}
        self.inside: set[str] = set()

    def of_all(self, nodes: Iterable[ast.AST]) -> Raised:
        return set().union(*(self.of(node) for node in nodes), set())

    def of(self, node: ast.AST) -> Raised:
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
        unknown: Raised = set()
        if isinstance(node, ast.Attribute):
            unknown = set().union(*(self.of_thing(each, owner) for owner, each in _methods(node.attr)), set())
        return unknown | self.of_all(ast.iter_child_nodes(node))

    def of_inner(self, name: str) -> Raised:
        if name in self.inside:
            return set()
        self.inside.add(name)
        found = self.of_all(self.inner[name].body)
        self.inside.discard(name)
        return found

    def of_try(self, node: ast.Try) -> Raised:
        found = self.of_all(node.body)
        for handler in node.handlers:
            caught = _caught(handler, self.module)
            if caught and not _goes_on(handler):
                found = {each for each in found if not issubclass(each, caught)}
            found |= self.of_all(handler.body)
        return found | self.of_all([*node.orelse, *node.finalbody])

    def of_thing(self, thing: Any, owner: type | None = None) -> Raised:
        if isinstance(thing, property):
            thing = thing.fget
        if isinstance(thing, cached_property):
            thing = thing.func
        if inspect.isclass(thing) and issubclass(thing, Exception):
            return {thing}
        ours = getattr(thing, "__module__", "").startswith(passwordless_otp.__name__)
        if ours and inspect.isfunction(thing):
            return set(_of_function(thing, owner or self.owner, self.running))
        return set()


def _resolve(node: ast.AST, module: ModuleType, owner: type | None) -> Any:
    """Return the object of a name or a dotted name, or `None` where only running the code can tell."""
    if isinstance(node, ast.Name):
        return owner if node.id == "self" else getattr(module, node.id, None)
    if not isinstance(node, ast.Attribute):
        return None
    base = _resolve(node.value, module, owner)
    fixed = inspect.ismodule(base) or inspect.isclass(base)
    return inspect.getattr_static(base, node.attr, None) if fixed else None


def _caught(handler: ast.ExceptHandler, module: ModuleType) -> tuple[type, ...]:
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    classes = tuple(_resolve(each, module, None) for each in named if each)
    return tuple(each for each in classes if inspect.isclass(each))


def _goes_on(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler raises what it has caught, or returns it for its caller to raise."""
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
def _methods(name: str) -> list[tuple[type, Any]]:
    """Return the functions of this name in all classes below the API, with their classes."""
    found: list[tuple[type, Any]] = []
    for module in _modules():
        for thing in vars(module).values():
            if inspect.isclass(thing) and thing.__module__ == module.__name__ and name in vars(thing):
                found.append((thing, vars(thing)[name]))
    return found


@cache
def _modules() -> list[ModuleType]:
    package = passwordless_otp
    names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    below = [name for name in names if name.split(".")[1] not in ABOVE]
    return [importlib.import_module(name) for name in below]

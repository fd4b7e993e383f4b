"""Settings that a whole process shares: read-only, with derived values that are computed once."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar, overload

from django.db import models

T = TypeVar("T")


class derived(Generic[T]):  # noqa: N801
    """A property that frozen settings compute once. Settings that may still change compute it each time."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> T | Self:
        if instance is None:
            return self
        value = self.compute(instance)
        if instance.is_frozen:
            instance.__dict__[self.name] = value  # found before this descriptor from now on
        return value


class Freezable(models.Model):
    """A row that can be made read-only, lists and dictionaries included."""

    is_frozen = False

    class Meta:
        abstract = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Raise `AttributeError` if the settings are frozen."""
        if self.is_frozen:
            raise AttributeError(
                f"Can't set {name}: InstanceSettings.current() is shared by all requests and read-only. "
                "To change settings, call InstanceSettings.editable(), set its attributes and save it."
            )
        super().__setattr__(name, value)

    def freeze(self) -> None:
        """Make this object read-only for good, and compute its derived values."""
        for name, value in list(self.__dict__.items()):
            if isinstance(value, list):
                setattr(self, name, tuple(value))
            if isinstance(value, dict):
                setattr(self, name, MappingProxyType(value))
        self.is_frozen = True
        for name in dir(type(self)):
            if isinstance(getattr(type(self), name, None), derived):
                getattr(self, name)

"""SignIn and SignUp: the flows of one purpose each."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.flows import Flow, Purpose
from passwordless_otp.models.primary import PrimaryManager


class PurposeManager(PrimaryManager):
    """The flows of a proxy's own purpose."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Leave out the others."""
        return super().get_queryset().filter(purpose=self.model.PURPOSE)


class SignIn(Flow):
    """A sign-in: one identifier was typed, and a code to one of its user's proves who it is."""

    PURPOSE = Purpose.SIGN_IN
    objects: ClassVar[Any] = PurposeManager()

    class Meta:
        proxy = True
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")


class SignUp(Flow):
    """A sign-up: it collects identifiers and names until everything is given and proven."""

    PURPOSE = Purpose.SIGN_UP
    objects: ClassVar[Any] = PurposeManager()

    class Meta:
        proxy = True
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")

"""Member: a handle, no way to reach them, and no record of logins."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class MemberManager(BaseUserManager):
    def create_superuser(self, handle, password=None):
        member = self.model(handle=handle, is_staff=True, is_superuser=True)
        member.set_password(password)
        member.save()
        return member


class Member(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    handle = models.CharField(max_length=32, unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    last_login = None
    USERNAME_FIELD = "handle"
    objects = MemberManager()

"""A site with a user model of its own, by email, and 2,000 users."""

from tests.projects import harness

MODELS = """
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models

class Users(BaseUserManager):
    def create_user(self, email, password=None, **more):
        user = self.model(email=email, **more)
        user.set_password(password)
        user.save()
        return user

class User(AbstractUser):
    username = None
    email = models.EmailField(unique=True)
    USERNAME_FIELD, REQUIRED_FIELDS = "email", []
    objects = Users()
"""
SETTINGS = f"""
INSTALLED_APPS += ["people"]
AUTH_USER_MODEL = "people.User"
{harness.SETTINGS}
"""
USERS = """
from django.contrib.auth.hashers import make_password
password = make_password("long since forgotten")
User.objects.bulk_create(User(email=f"user{number}@example.com", password=password) for number in range(1995))
make = lambda email, **more: User.objects.create_user(email, "long since forgotten", **more).pk
pks = [make("Jane@Example.com"), make("Twin@example.com", is_active=False), make("twin@example.com")]
pks += [make("staff@example.com", is_staff=True), make("gone@example.com", is_active=False)]
"""


def test_users_sign_in_as_themselves_and_nobody_gets_a_second_account(project):
    site = project("custom", settings=SETTINGS)
    site.write("people/__init__.py", "")
    site.write("people/models.py", MODELS)
    site.manage("makemigrations", "-v", "0", "people")
    site.manage("migrate", "-v", "0")
    jane, *twins, staff, gone = site.run(*USERS.splitlines(), "pks")
    with site.served() as server:
        for _ in range(2):
            assert server.visitor().sign_in("jane@example.com").text.split()[0] == str(jane)
        assert server.visitor().sign_in("user7@example.com").text.endswith(" user7@example.com")
        for refused in ["staff@example.com", "gone@example.com"]:
            visitor = server.visitor()
            visitor.ask_for_code(refused)
            assert visitor.get("/who/").text == "nobody"
        new = server.visitor().sign_in("new@example.com", "/auth/sign-up/").text.split()[0]
        assert int(new) > gone > staff > max(twins)
    assert site.run("User.objects.count()") == 2001

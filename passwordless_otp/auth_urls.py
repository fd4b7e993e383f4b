"""The names `login` and `logout`, as templates of other packages use them, for the pages of this app.

`path("accounts/", include("passwordless_otp.auth_urls"))` takes the place of `django.contrib.auth.urls`.
"""

from django.urls import path

from passwordless_otp.pages.sign_in import SignInView
from passwordless_otp.pages.sign_out import SignOutView

urlpatterns = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", SignOutView.as_view(), name="logout"),
]

"""Paths of the pages."""

from django.urls import path

from passwordless_otp.pages.code import CodeView
from passwordless_otp.pages.not_me import NotMeView
from passwordless_otp.pages.sign_in import SignInView
from passwordless_otp.pages.sign_out import SignOutView
from passwordless_otp.pages.sign_up import SignUpView
from passwordless_otp.pages.unlock import UnlockView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="sign_in"),
    path("sign-in/verify/", CodeView.as_view(), name="sign_in_verify"),
    path("sign-up/", SignUpView.as_view(), name="sign_up"),
    path("sign-up/verify/", CodeView.as_view(purpose="sign_up"), name="sign_up_verify"),
    path("sign-out/", SignOutView.as_view(), name="sign_out"),
    path("not-me/<token>/", NotMeView.as_view(), name="not_me"),
    path("unlock/<token>/", UnlockView.as_view(), name="unlock"),
]

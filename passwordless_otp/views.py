"""The pages as class-based views and forms, for a site that changes them: see docs/customizing.md."""

from passwordless_otp.pages.code import CodeView
from passwordless_otp.pages.forms import CodeForm, SignInForm, SignUpForm
from passwordless_otp.pages.sign_in import SignInView
from passwordless_otp.pages.sign_out import SignOutView
from passwordless_otp.pages.sign_up import SignUpView

__all__ = ["CodeForm", "CodeView", "SignInForm", "SignInView", "SignOutView", "SignUpForm", "SignUpView"]

"""The fixtures of the plugin, also where the package is installed without its entry points."""

from passwordless_otp.testing.pytest_plugin import (  # noqa: F401
    expire_codes,
    no_rate_limits,
    otp_messages,
    sign_in_by_code,
)

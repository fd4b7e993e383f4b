"""What every refusal has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class OTPError(Exception):
    """A refusal. `param` names the input at fault; `retry_after` is in seconds."""

    code = ""
    status = 400
    message: StrPromise | str = ""
    long_message: StrPromise | str = ""
    param = ""
    retry_after = 0
    rejected: Any = None  # the verification, if its code was compared and wrong

    def __init__(
        self, param: str = "", long_message: StrPromise | str | None = None, retry_after: int = 0
    ) -> None:
        self.param = param or self.param
        self.long_message = self.long_message if long_message is None else long_message
        self.retry_after = retry_after or self.retry_after
        super().__init__(self.code)

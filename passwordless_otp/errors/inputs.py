"""What is wrong with a field that somebody filled in."""

from django.utils.translation import gettext_lazy as _

from passwordless_otp.errors.refusal import OTPError


class ParamMissing(OTPError):
    """A field that has to be there is not."""

    code = "form_param_missing"
    status = 422
    message = _("is missing")
    long_message = _("Fill in this field.")


class FormatInvalid(OTPError):
    """It can't be read as what it should be."""

    code = "form_param_format_invalid"
    status = 422
    message = _("has the wrong format")
    long_message = _("This can't be read. Check what you typed.")


class ValueInvalid(OTPError):
    """It can be read, but is none of the values allowed."""

    code = "form_param_value_invalid"
    status = 422
    message = _("is not allowed")
    long_message = _("This value is not allowed here.")


class ValueDisabled(OTPError):
    """The operator has switched this kind of contact, or its strategy, off."""

    code = "form_param_value_disabled"
    message = _("is switched off")
    long_message = _("This site does not use this. Choose another way.")


class StrategyInvalid(OTPError):
    """The strategy proves none of this flow's identifiers."""

    code = "strategy_for_user_invalid"
    message = _("does not fit")
    long_message = _("A code can't be sent this way here. Choose another way.")
    param = "strategy"


class IdentifierNotFound(OTPError):
    """Nobody has it. Only said with enumeration protection off."""

    code = "form_identifier_not_found"
    status = 422
    message = _("is unknown")
    long_message = _("There is no account with this. Check it, or sign up.")
    param = "identifier"


class IdentifierExists(OTPError):
    """Somebody has it. Said of a username; of an identifier only with enumeration protection off."""

    code = "form_identifier_exists"
    status = 422
    message = _("is taken")
    long_message = _("This is taken. Choose another, or sign in.")


class CountryUnsupported(OTPError):
    """No SMS goes to numbers of this country, prefix or type."""

    code = "unsupported_country_code"
    status = 403
    message = _("is not supported")
    long_message = _("Codes can't be sent to numbers of this country or kind. Use another one.")
    param = "phone_number"

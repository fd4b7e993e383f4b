"""What Twilio's SDK raises → what it means for a message. The same for all of Twilio's APIs."""

import ssl

from passwordless_otp.delivery.backends.base import DeliveryError, Refused, Unavailable, Unclear

OK, REFUSING = range(200, 300), range(400, 500)
TOO_MANY_REQUESTS, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 429, 401, 403, 404
GATEWAYS = {502, 504}  # the server behind it may have had the request
BUSY_FOR_NUMBER = {60212}
BUSY = {20429, 21611} | BUSY_FOR_NUMBER
# The person's number, their wish, their country, or a guard against fraud that another provider must not undo.
PERSON = {21211, 21217, 21265, 21614, 21635, 60205, 21610, 21408, 60605, 60203, 60410}
# This sender does not reach that number, or the service has none to spare.
UNROUTED = {21214, 21612, 21703, 60200, 60220, 60238}
# The account, the sender or the service is not set up.
ACCOUNT = {20003, 20005, 20404, 21212, 21601, 21603, 21606, 21608, 21659, 21704, 21705}
VERIFY_SERVICE = {60201, 60204, 60217, 60223}
ELSEWHERE = UNROUTED | ACCOUNT | VERIFY_SERVICE


def read(error: Exception) -> DeliveryError:
    """Tell what is known by the HTTP status, then by Twilio's code, then by how far the request came."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if not isinstance(status, int):
        kind = Unavailable if _never_left(error) else Unclear
        return kind(type(error).__name__)
    number = code if isinstance(code, int) and code != status else None  # without one the SDK repeats the status
    name = f"twilio {number}" if number is not None else f"twilio http {status}"
    if status in OK or status in GATEWAYS:
        return Unclear(name)
    if status in REFUSING and number in PERSON:
        return Refused(name)
    if status not in REFUSING or status == TOO_MANY_REQUESTS or number in BUSY:
        return Unavailable(name, for_recipient=status in REFUSING and number in BUSY_FOR_NUMBER)
    return Refused(name, elsewhere=status in {UNAUTHORISED, FORBIDDEN, NOT_FOUND} or number in ELSEWHERE)


def _never_left(error: Exception) -> bool:
    """Tell whether the connection already failed, so that nothing was asked of Twilio."""
    from requests.exceptions import ConnectTimeout, ProxyError
    from urllib3.exceptions import NewConnectionError

    reason = getattr(next(iter(error.args), None), "reason", None)
    causes = [error, reason, *getattr(reason, "args", [])]
    before = (ConnectTimeout, ProxyError, NewConnectionError, ssl.SSLCertVerificationError)
    return any(isinstance(cause, before) for cause in causes)

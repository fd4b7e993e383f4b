"""Native transport: with `?_is_native=1`, a token in `Authorization` stands in place of all cookies.

The token is the client's secret and the key of its session, sealed. Whenever it has changed, the answer has the
new one in the header `Authorization`: after the first flow is created, after each proof, and after sign-out. How
long somebody stays signed in, and what signs them out, is decided by the session, as in a browser.

Any web page can add `_is_native=1` to a request to which the browser adds a visitor's cookies. So the call runs
with a request of its own, without those cookies and what middleware has made of them; nothing that it does to its
session, user, CSRF token or messages reaches the request of the middleware. A form that a web page has sent by
itself, without anything that makes a browser ask the site first, has to have the site's `Origin` as always: else
any page could have its visitors ask for codes, each with an IP address of their own.
"""

from functools import partial
from http import HTTPStatus

from django.conf import settings
from django.contrib import auth
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from passwordless_otp import clients, keys

NO_TOKEN = _("This app sent no valid token. Start again.")
PARAMETER = "_is_native"
PURPOSE = "native"
# What middleware adds to META because of cookies.
COOKIES = {"HTTP_COOKIE", "CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE"}
# What is kept on a request and was made of its cookies, or may have been.
FROM_COOKIES = {"headers", "_cached_user", "_acached_user", "_messages", "_passwordless_otp_client"}


def stand_in(request: HttpRequest) -> HttpRequest:
    """Return a copy of this request that has the client, the session and the user of its token, and no cookie."""
    own = type(request).__new__(type(request))
    vars(own).update({name: value for name, value in vars(request).items() if name not in FROM_COOKIES})
    own.META = {name: value for name, value in request.META.items() if name not in COOKIES}
    own.COOKIES = {}
    try:
        secret, session_key = keys.unseal(PURPOSE, _given(request))
    except ValueError:
        secret = session_key = ""
    own.session = type(request.session)(session_key or None)
    own.user = SimpleLazyObject(partial(auth.get_user, own))  # type: ignore[assignment]
    own.auser = partial(auth.aget_user, own)
    if hasattr(request, "_messages"):
        own._messages = default_storage(own)  # type: ignore[attr-defined]
    clients.current(own, secret)
    return own


def answer(own: HttpRequest, response: HttpResponseBase) -> None:
    """Save the session, and put the token into the answer if it is another one than before."""
    session = own.session
    due = session.modified or settings.SESSION_SAVE_EVERY_REQUEST
    if due and not session.is_empty() and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        try:
            session.save()
        except UpdateError as error:
            raise SessionInterrupted("The session was ended during this call. Sign in again.") from error
    parts = [clients.current(own).secret, session.session_key or ""]
    token = keys.seal(PURPOSE, *parts) if any(parts) else ""
    if token and token != _given(own):
        response["Authorization"] = token
    response["Vary"] = "Authorization, Accept-Language"


def is_page(request: HttpRequest) -> bool:
    """Return whether a web page may have sent this without its browser asking the site first (CORS).

    Browsers ask before they send JSON or an `Authorization` header to another site. Origins such as
    `capacitor://localhost` are those of apps.
    """
    origin = request.headers.get("Origin", "")
    simple = request.content_type != "application/json" and "Authorization" not in request.headers
    return simple and (origin == "null" or origin.startswith("http"))


def _given(request: HttpRequest) -> str:
    """Return the token of the request, which may follow the word `Bearer`."""
    return request.headers.get("Authorization", "").rpartition(" ")[2]

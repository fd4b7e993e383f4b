"""The calls about the site, this browser and its session."""

from typing import Any

from rest_framework.response import Response

from passwordless_otp import clients, tokens
from passwordless_otp.api import resources
from passwordless_otp.api.base import APICall
from passwordless_otp.api.environment import environment


class ReadEnvironment(APICall):
    """What the site offers."""

    needs_session_store = False

    def get(self, request: Any) -> Response:
        """Answer without the envelope."""
        return Response(environment(self.client.settings))


class ReadClient(APICall):
    """This browser: its session and its open flows."""

    def get(self, request: Any) -> Response:
        """Answer the client, in the envelope as any resource."""
        client = resources.client_of(self.http)
        return Response({"response": client, "client": client})

    def delete(self, request: Any) -> Response:
        """End the session and the open flows. The browser keeps its cookie."""
        clients.log_out(self.http)
        client = resources.client_of(self.http)
        return Response({"response": client, "client": client})


class EndSessions(APICall):
    """Sign out of all sessions of this browser."""

    delete = ReadClient.delete


class EndSession(APICall):
    """Sign out of the session named."""

    def post(self, request: Any, name: str) -> Response:
        """Answer the session as it ended."""
        clients.require_session(self.http, name)
        session = resources.session_of(self.http) or {}
        clients.log_out(self.http)
        ended = {**session, "status": "ended", "last_active_token": None}
        return Response({"response": ended, "client": resources.client_of(self.http)})


class TouchSession(APICall):
    """Confirm the session."""

    def post(self, request: Any, name: str) -> Response:
        """Answer the session as it stands."""
        clients.require_session(self.http, name)
        client: Any = resources.client_of(self.http)
        return Response({"response": client["sessions"][0], "client": client})


class CreateToken(APICall):
    """The session's token."""

    def post(self, request: Any, name: str) -> Response:
        """Answer without the envelope."""
        clients.require_session(self.http, name)
        key, origin = self.http.session.session_key, self.http.headers.get("Origin")
        return Response(tokens.session_token(self.http.user.pk, clients.session_id(self.http), key, origin))


class ReadMe(APICall):
    """The user who is signed in."""

    def get(self, request: Any) -> Response:
        """Answer the user, with their proven identifiers."""
        clients.require_session(self.http)
        client: Any = resources.client_of(self.http)
        return Response({"response": client["sessions"][0]["user"], "client": client})


class ReadKeys(APICall):
    """The public keys of session tokens, as a JWK set (RFC 7517)."""

    needs_session_store = False

    def get(self, request: Any) -> Response:
        """Answer without the envelope. Without `JWT_PRIVATE_KEY` there is no key."""
        return Response({"keys": tokens.public_keys()})

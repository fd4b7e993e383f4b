"""The command `demo`: serve the example site on this machine, with codes in the terminal."""

import signal
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from example_project import seeding
from example_project.inbox import inbox

HOST = "127.0.0.1"
BANNER = """
The demo of passwordless_otp is at {origin}/

  Sign up      {origin}/auth/sign-up/
  Sign in      {origin}/auth/sign-in/
  JavaScript   {origin}/js/  and  {origin}/react/
  Messages     {origin}/inbox/
  Admin        {origin}/admin/  user {operator}  password {password}
  Test number  {number}  code {code}  (works without a message)

Codes appear below, one line a message. Ctrl-C stops.
"""


class Command(BaseCommand):
    """Prepare the database, print where everything is, and serve until Ctrl-C."""

    help = "Serve the example site on 127.0.0.1, with codes printed here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option `--port`."""
        parser.add_argument("--port", type=int, default=8000, help="the port (default: 8000; 0: any free one)")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        """Bind the port first, so that nothing is changed if it is in use; then prepare and serve."""
        try:
            server = ThreadedWSGIServer((HOST, port), WSGIRequestHandler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandError(f"Port {port} can't be used: {reason}. Choose another: --port 8001") from None
        signal.signal(signal.SIGTERM, stop)
        try:
            self.prepare(f"http://{HOST}:{server.server_port}", options["verbosity"])
            server.set_app(StaticFilesHandler(get_wsgi_application()))
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        finally:
            server.server_close()

    def prepare(self, origin: str, verbosity: int) -> None:
        """Migrate and fill the database, and print the addresses and the operator's password."""
        call_command("migrate", interactive=False, verbosity=max(0, verbosity - 1))
        password = seeding.make_operator()
        seeding.switch_on()
        seeding.list_test_number()
        settings.PASSWORDLESS_OTP["PUBLIC_URL"] = origin
        inbox.open = True
        words = {"operator": seeding.OPERATOR, "password": password}
        words |= {"number": seeding.TEST_NUMBER, "code": seeding.TEST_CODE}
        self.stdout.write(BANNER.format(origin=origin, **words))
        self.stdout.flush()


def stop(signum: int, frame: object) -> NoReturn:
    """Stop as by Ctrl-C. The handler of SIGTERM."""
    raise KeyboardInterrupt

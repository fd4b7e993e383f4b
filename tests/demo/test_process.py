"""Starting, stopping, and starting again."""

import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.demo.served import PATIENCE, ROOT, Demo, PageVisitor, environment, form
from tests.demo.test_steps import assert_signed_in, sign_in, sign_up

pytestmark = pytest.mark.slow


def test_a_demo_that_was_killed_half_way_starts_again_and_the_flow_goes_on(tmp_path):
    with Demo(tmp_path) as demo:
        browser = PageVisitor(demo.origin, tmp_path / "jar")
        _, answer = browser.post("client/sign_ups", email_address="jane@example.com", strategy="email_code")
        code = demo.code("jane@example.com")
        demo.end(signal.SIGKILL)
        demo.port = int(demo.origin.rpartition(":")[2])
        demo.start()
        path = f"client/sign_ups/{answer['response']['id']}/attempt_verification"
        assert browser.post(path, strategy="email_code", code=code)[0] == 200
        assert_signed_in(browser, "email_address", "jane@example.com")


def test_the_operator_gets_a_new_password_at_every_start_and_the_users_stay(tmp_path):
    passwords = []
    for steps, jar in [(sign_up, "first"), (sign_in, "second")]:
        with Demo(tmp_path) as demo:
            browser = PageVisitor(demo.origin, tmp_path / jar)
            assert steps(browser, demo, "email_address", "jane@example.com", 1)[0] == 200
            passwords += demo.wait_for(r"user operator +password (\S+)")
    assert len(set(passwords)) == 2


def test_the_operator_gets_into_the_admin_with_the_password_printed(demo, browse):
    [password] = demo.wait_for(r"user operator +password (\S+)")
    browser = browse()
    _, page = browser.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    fields = {"csrfmiddlewaretoken": token, "username": "operator", "password": password, "next": "/"}
    assert browser.get("/admin/login/", *form(fields))[0] == 302
    assert browser.get("/admin/")[0] == 200
    assert "otp_identifiers-TOTAL_FORMS" in browser.get("/admin/auth/user/1/change/")[1]


def test_it_ends_cleanly_on_ctrl_c_and_on_sigterm(tmp_path):
    for by in [signal.SIGINT, signal.SIGTERM]:
        demo = Demo(tmp_path)
        demo.start()
        assert demo.end(by) == 0
        assert "Stopped." in demo.text()
        assert "Traceback" not in demo.text()


def test_a_port_that_is_taken_is_named_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "manage.py", "demo", "--port", port]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 1
    assert f"Port {port} can't be used" in done.stderr
    assert "Traceback" not in done.stderr

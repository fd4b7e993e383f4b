"""New projects with nothing but the app, in the Django of the tests."""

from tests.projects import readme


def test_reader_of_the_readme_signs_up_and_lands_on_a_page(project):
    site = project("readme", settings="", urls="")
    readme.edit(site)
    assert "no issues" in site.manage("check", "--fail-level", "WARNING")
    for command in readme.commands():
        site.manage(*command)
    with site.served() as server:
        jane = server.visitor()
        page = jane.get("/")
        assert page.path == "/auth/sign-in/?next=/"
        arrived = jane.sign_in("jane@example.com", page.path)
        assert (arrived.path, arrived.text) == ("/", "Signed in as jane@example.com")
        assert "127.0.0.1" in server.text
        assert "example.com" not in page.text
    assert site.run("User.objects.count()") == 1


def test_project_without_console_backend_says_in_the_log_what_to_set(project):
    """Emails then go where a new project of this Django sends them: to localhost, or into the terminal."""
    site = project("silent", settings='INSTALLED_APPS += ["passwordless_otp"]')
    site.manage("migrate", "-v", "0")
    with site.served() as server:
        page = server.visitor().ask_for_code("jane@example.com")
        assert page.path.startswith("/auth/sign-in/verify/")
        seen = server.wait_for(r"(EMAIL_HOST and EMAIL_PORT|Subject: \d{6} is your)")[0]
    deploy = site.manage("check", "--deploy", fails=None)
    if seen.startswith("EMAIL"):
        assert "localhost:25" in server.text
        assert "W016" in deploy
    else:
        assert "console.EmailBackend, which is for development" in deploy

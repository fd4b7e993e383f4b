"""The page behind an unlock link."""

import re

from django.test import RequestFactory

from passwordless_otp import clients
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Counter, Message, UnlockGrant
from tests.pages.conftest import EMAIL, SIGN_IN, PageVisitor, newest_code, text_of
from tests.unlocking import email, saved, token
from tests.visitor import joined, operate

COOKIE = "otp_client"


def path(given=None):
    return f"/auth/unlock/{given or token()}/"


def holds(visitor):
    client = clients.Client(visitor.cookies[COOKIE].value)
    return UnlockGrant.objects.holds(client.digest, email())


def test_scanner_that_opens_the_link_changes_nothing(visitor):
    link = path()
    before = list(Counter.objects.values())
    for answer in [visitor.get(link), visitor.head(link), visitor.options(link)]:
        assert answer.status_code == 200
        assert COOKIE not in answer.cookies
    assert "Use this browser" in text_of(visitor.get(link))
    assert not UnlockGrant.objects.exists()
    assert list(Counter.objects.values()) == before


def test_button_gives_this_browser_a_grant_and_leads_to_the_sign_in(visitor):
    done = visitor.submit(path())
    assert (done.status_code, done["Location"]) == (303, f"{SIGN_IN}?unlocked=1")
    assert holds(visitor)
    page = text_of(visitor.get(done["Location"]))
    assert "You can ask for a code again in this browser." in page
    assert "You can ask" not in text_of(visitor.get(SIGN_IN))
    assert not visitor.user_id
    assert visitor.get("/auth/v1/me").status_code == 401


def test_browser_keeps_the_grant_when_it_goes_on(visitor):
    visitor.submit(path())
    secret = visitor.cookies[COOKIE].value
    visitor.ask()
    assert visitor.cookies[COOKIE].value == secret
    assert holds(visitor)


def test_button_gives_the_cookie_that_the_browser_has_if_the_server_made_it(visitor):
    visitor.ask()
    secret = visitor.cookies[COOKIE].value
    visitor.submit(path())
    assert visitor.cookies[COOKIE].value == secret
    assert holds(visitor)


def test_made_up_cookie_is_not_adopted(visitor):
    visitor.cookies[COOKIE] = "planted"
    visitor.submit(path())
    assert visitor.cookies[COOKIE].value != "planted"
    assert holds(visitor)
    digest = clients.current(RequestFactory().get("/"), "planted").digest
    assert not UnlockGrant.objects.filter(client=digest).exists()


def test_button_needs_the_csrf_token(visitor):
    assert visitor.post(path()).status_code == 403
    assert not UnlockGrant.objects.exists()


def test_fourth_browser_is_told_what_to_do(visitor):
    link = path()
    for _ in range(3):
        assert PageVisitor().submit(link).status_code == 303
    last = visitor.submit(link)
    assert last.status_code == 404
    assert "look for a newer message" in text_of(last)
    assert COOKIE not in visitor.cookies
    assert UnlockGrant.objects.count() == 3


def test_dead_link_says_what_to_do(visitor):
    gone = path()
    Message.objects.all().delete()
    for link in [gone, path("nonsense"), path(str(saved().pk))]:
        for answer in [visitor.get(link), visitor.submit(link)]:
            assert answer.status_code == 404
            assert "This link is of no use" in text_of(answer)
            assert SIGN_IN in text_of(answer)


def test_good_link_works_after_any_number_of_bad_ones(visitor):
    operate(limits={"ip_steps": 5})
    for _ in range(5):
        visitor.submit(path("nonsense"))
    assert visitor.submit(path("nonsense")).status_code == 404
    assert visitor.submit(path()).status_code == 303


def test_link_stays_out_of_the_referer_and_of_caches(visitor):
    for link in [path(), path("nonsense")]:
        for answer in [visitor.get(link), visitor.submit(link)]:
            assert answer["Referrer-Policy"] == "strict-origin"
            assert answer["Cache-Control"] == "no-store"
            assert answer["Content-Security-Policy"].startswith("default-src 'self'; frame-ancestors 'none'")


def test_page_names_no_address_and_is_the_same_for_everybody(visitor):
    joined()
    one, other = [
        re.sub(r'"/auth/unlock/\S+"', "", text_of(visitor.get(path(token(to)))))
        for to in [EMAIL, "x@example.com"]
    ]
    assert re.sub(r'csrf\S+" value="\w+"', "", one) == re.sub(r'csrf\S+" value="\w+"', "", other)
    assert EMAIL not in one


def test_nothing_of_the_link_is_logged(visitor, caplog):
    caplog.set_level("DEBUG", logger="passwordless_otp")
    given = token()
    visitor.submit(path(given))
    visitor.submit(path("nonsense"))
    assert given not in caplog.text
    assert EMAIL not in caplog.text


def test_somebody_who_is_signed_in_stays_so(make_user):
    browser = PageVisitor()
    browser.force_login(make_user("other@example.com"))
    done = browser.submit(path())
    assert browser.user_id
    assert browser.get(done["Location"]).status_code == 200


def refused(address):
    """Ask for codes in new browsers until no more are sent; return the refusal."""
    while (answer := PageVisitor().ask(address)).status_code != 429:
        pass
    return answer


def test_owner_gets_in_by_the_link_while_strangers_use_up_the_limits(visitor):
    joined()
    refused(EMAIL)
    assert visitor.ask().status_code == 429
    last_code = [mail for mail in memory.sent if mail.code][-1]
    for text in [last_code.text, last_code.html, memory.sent[-1].text, memory.sent[-1].html]:
        assert "https://example.com/auth/unlock/" in text
    [link] = re.findall(r"https://example.com(/auth/unlock/\S+/)", memory.sent[-1].text)
    visitor.submit(link)
    assert PageVisitor().ask().status_code == 429
    assert visitor.ask().status_code == 303
    visitor.attempt(newest_code())
    assert visitor.user_id


def test_unknown_address_gets_the_same_answer_and_the_same_mail():
    joined()
    seen = []
    for address in [EMAIL, "nobody@example.com"]:
        answer, mail = refused(address), memory.sent[-1]
        assert mail.to == address
        texts = "".join([text_of(answer), mail.subject, mail.text, mail.html]).replace(address, "")
        seen.append(re.sub(r'/auth/unlock/\S+?/|csrf\S+" value="\w+"', "", texts))
    assert seen[0] == seen[1]

"""The three API steps by curl, with the code from the terminal."""

import pytest

pytestmark = pytest.mark.slow
ADDRESSES = {
    ("email_address", "form"): "jane@example.com",
    ("email_address", "json"): "joan@example.com",
    ("phone_number", "form"): "+14155552671",
    ("phone_number", "json"): "+14155552672",
}
STRATEGIES = {"email_address": "email_code", "phone_number": "phone_code"}


def sign_up(browser, demo, kind, address, sent):
    status, answer = browser.post("client/sign_ups", **{kind: address})
    assert (status, answer["response"]["status"]) == (200, "missing_requirements")
    path = f"client/sign_ups/{answer['response']['id']}"
    status, _ = browser.post(f"{path}/prepare_verification", strategy=STRATEGIES[kind])
    assert status == 200
    code = demo.code(address, sent)
    return browser.post(f"{path}/attempt_verification", strategy=STRATEGIES[kind], code=code)


def sign_in(browser, demo, kind, address, sent):
    status, answer = browser.post("client/sign_ins", identifier=address)
    assert (status, answer["response"]["status"]) == (200, "needs_first_factor")
    [factor] = answer["response"]["supported_first_factors"]
    path = f"client/sign_ins/{answer['response']['id']}"
    given = {"strategy": factor["strategy"], f"{kind}_id": factor[f"{kind}_id"]}
    status, _ = browser.post(f"{path}/prepare_first_factor", **given)
    assert status == 200
    code = demo.code(address, sent)
    return browser.post(f"{path}/attempt_first_factor", strategy=STRATEGIES[kind], code=code)


def assert_signed_in(browser, kind, address):
    assert browser.cookies()["sessionid"]
    status, answer = browser.json("/auth/v1/me")
    assert status == 200
    [shown] = answer["response"]["email_addresses"] + answer["response"]["phone_numbers"]
    assert shown[kind] == address


@pytest.mark.parametrize(("kind", "body"), ADDRESSES)
def test_who_signs_up_is_signed_in_and_can_sign_in_from_another_browser(demo, browse, kind, body):
    address = ADDRESSES[kind, body]
    first, second = browse(body), browse(body)
    for sent, (browser, steps) in enumerate([(first, sign_up), (second, sign_in)], 1):
        assert browser.json("/auth/v1/me")[0] == 401
        status, answer = steps(browser, demo, kind, address, sent)
        assert (status, answer["response"]["status"]) == (200, "complete")
        assert_signed_in(browser, kind, address)


def test_the_test_number_works_with_its_fixed_code_and_gets_no_message(demo, browse):
    for browser, path, step in [
        (browse(), "client/sign_ups", "verification"),
        (browse(), "client/sign_ins", "first_factor"),
    ]:
        given = {"phone_number": "+11111111111", "identifier": "+11111111111", "strategy": "phone_code"}
        status, answer = browser.post(path, **given)
        assert status == 200
        attempt = f"{path}/{answer['response']['id']}/attempt_{step}"
        assert browser.post(attempt, strategy="phone_code", code="123456")[0] == 200
        assert_signed_in(browser, "phone_number", "+11111111111")
    assert "to +11111111111]" not in demo.text()


def test_a_form_without_an_origin_is_refused(browse):
    status, answer = browse().json("/auth/v1/client/sign_ins", "--data", "identifier=jane@example.com")
    assert (status, answer["errors"][0]["code"]) == (403, "request_origin_refused")


def test_the_inbox_shows_what_was_sent(demo, browse):
    for name, address in {"email_address": "ann@example.com", "phone_number": "+14155552673"}.items():
        browser = browse()
        assert browser.post("client/sign_ups", **{name: address}, strategy=STRATEGIES[name])[0] == 200
        code = demo.code(address)
        status, page = browser.get("/inbox/")
        assert status == 200
        assert address in page
        assert code in page

"""The sentences of the API, in the language that a request asks for."""

import pytest

from tests.languages import TRANSLATED, translations
from tests.visitor import EMAIL, ApiVisitor, errors

pytestmark = pytest.mark.django_db


def first_error(answer):
    return answer.json()["errors"][0]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_refusal_speaks_the_language_of_the_request_and_keeps_its_code(language):
    visitor = ApiVisitor(**{"Accept-Language": language})
    words = translations(language)
    answer = visitor.sign_in("jane@")
    assert errors(answer) == ["form_param_format_invalid"]
    assert first_error(answer)["long_message"] == words["Type an email address such as jane@example.com."]
    assert first_error(answer)["message"] == words["has the wrong format"]
    visitor.sign_in(EMAIL, "email_code")
    answer = visitor.attempt("000")
    assert errors(answer) == ["form_code_incorrect"]
    sentence = "This code is not right. Check the newest message and type it again."
    assert first_error(answer)["long_message"] == words[sentence]
    assert "Accept-Language" in answer["Vary"]


def test_one_language_does_not_linger_for_the_next_visitor():
    said = [
        first_error(ApiVisitor(**{"Accept-Language": language}).sign_in("jane@"))["long_message"]
        for language in [TRANSLATED[0], "en", TRANSLATED[0]]
    ]
    assert said[0] == said[2]
    assert said[1] == "Type an email address such as jane@example.com."


@pytest.mark.parametrize("asked", ["", "tlh", "*", "x" * 5000, "de;q=nonsense", "../../etc"])
def test_a_language_that_we_lack_is_answered_in_the_sites_own(asked):
    answer = ApiVisitor(**{"Accept-Language": asked}).sign_in("jane@")
    assert first_error(answer)["long_message"] == "Type an email address such as jane@example.com."

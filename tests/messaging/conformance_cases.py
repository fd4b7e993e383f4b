"""Which rules of the kit each broken backend breaks, as tests. `test_conformance_controls` runs them."""

import json

import pytest

from passwordless_otp.testing import Arrived, BackendConformance, HTTPProvider, messages
from tests.messaging import broken_backends as by

KINDS, REACHES, TEXT = "takes_every_kind", "reaches_its_address", "text_arrives"
BROKEN = {
    by.Honest: [],
    by.NumbersItsReceipts: ["receipt_that_can_be_saved"],
    by.NamesItsReceiptsAtLength: ["receipt_that_can_be_saved"],
    by.SpeaksLatin: [KINDS, REACHES, TEXT],
    by.KnowsShortNumbers: [KINDS, REACHES, TEXT],
    by.TellsAnArchive: [REACHES, "threads"],
    by.DropsThePlus: [REACHES, "threads"],
    by.Strips: [TEXT],
    by.SendsOneLine: [TEXT],
    by.TakesARefusalForBusy: ["a_refusal"],
    by.LetsARefusalOut: ["a_refusal"],
    by.TakesBusyForARefusal: ["is_busy"],
    by.TakesBusyForUnclear: ["is_busy"],
    by.TakesDownForUnclear: ["is_down"],
    by.LetsDownOut: ["is_down"],
    by.WaitsForEver: ["hangs", "nothing_that_is_said"],
    by.TakesSilenceForDown: ["hangs"],
    by.TakesABreakForDown: ["breaks_off"],
    by.SendsAgainAfterABreak: ["breaks_off"],
    by.QuotesInItsError: ["nothing_that_is_said"],
    by.HasTheAnswerAsContext: ["nothing_that_is_said"],
    by.Notes: ["nothing_that_is_said"],
    by.LogsQuietly: ["nothing_that_is_said"],
    by.Prints: ["nothing_that_is_said"],
    by.PrintsErrors: ["nothing_that_is_said"],
    by.RefusesDuplicates: ["twice"],
    by.IgnoresDuplicates: ["twice"],
    by.SharesAMessage: ["threads"],
    by.ServesOneAtATime: ["threads"],
    by.CallsWhenMade: ["asks_nobody"],
    by.LooksUpWhenMade: ["asks_nobody"],
    by.LoadsAtTheTop: ["the_sdk"],
    by.LoadsWhenMade: ["the_sdk"],
    by.ShowsItsToken: ["its_repr"],
    by.ShowsItsAddress: ["its_repr"],
    by.CountsInWords: ["what_it_declares"],
    by.ReportsNoOutcome: ["what_it_declares"],
}


class Case(BackendConformance):
    gives_up_within = 1

    def pytest_generate_tests(self, metafunc):
        """Give all kinds of messages only to those who can't do with all: it takes long enough."""
        all_kinds = self.backend_class is by.Honest or {KINDS, TEXT} & {*BROKEN[self.backend_class]}
        if "message" in metafunc.fixturenames and not all_kinds:
            metafunc.parametrize("message", [messages.usual("sms")], ids=["sms"])
        else:
            super().pytest_generate_tests(metafunc)

    @pytest.fixture
    def provider(self):
        with HTTPProvider() as provider:
            yield provider

    @pytest.fixture
    def options(self, provider):
        return {"url": provider.url, "token": "token-93c1"}

    @pytest.fixture
    def refuses(self, provider):
        provider.answers(400)

    @pytest.fixture
    def is_busy(self, provider):
        provider.answers(503)

    @pytest.fixture
    def is_down(self, provider):
        provider.stops()

    @pytest.fixture
    def hangs(self, provider):
        if self.backend_class not in (by.Honest, by.WaitsForEver, by.TakesSilenceForDown):
            pytest.skip("takes its time")
        provider.hangs()

    @pytest.fixture
    def breaks_off(self, provider):
        provider.breaks_off()

    @pytest.fixture
    def arrived(self, provider):
        bodies = lambda: [json.loads(request.body) for request in provider.requests]  # noqa: E731
        return lambda: [Arrived(body["to"], body["text"]) for body in bodies()]


for kind in BROKEN:
    given = {"backend_class": kind, "sdk": getattr(kind, "loads", [])}
    if kind is by.Honest:
        given["sdk"] = ["colorsys"]
    globals()[f"Test{kind.__name__}"] = type(f"Test{kind.__name__}", (Case,), given)

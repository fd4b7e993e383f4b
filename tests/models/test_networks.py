"""Trusted networks: what an operator may write, and the factor that an address gets."""

import pytest
from django.core.exceptions import ValidationError

from passwordless_otp import ip_addresses
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings import networks
from tests.visitor import operate

pytestmark = pytest.mark.django_db


def listed(lines):
    settings = InstanceSettings(trusted_networks=lines)
    settings.full_clean()
    return settings.trusted_networks


def refused(lines):
    with pytest.raises(ValidationError) as problem:
        listed(lines)
    return " ".join(problem.value.message_dict["trusted_networks"])


@pytest.mark.parametrize(
    ("lines", "canonical"),
    [
        ("", ""),
        ("203.0.113.0/24", "203.0.113.0/24"),
        (" 203.0.113.7/24\t20 \r\n\r\n198.51.100.4", "203.0.113.0/24 20\n198.51.100.4"),
        ("203.0.113.0/24 10\n198.51.100.4/32 2", "203.0.113.0/24\n198.51.100.4 2"),
        ("2001:DB8:0::/32 1000", "2001:db8::/32 1000"),
        ("2001:db8::17", "2001:db8::/64"),
        ("::ffff:198.51.100.4", "198.51.100.4"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
    ],
)
def test_networks_have_one_form(lines, canonical):
    assert listed(lines) == canonical


@pytest.mark.parametrize(
    "line",
    [
        *["school", "203.0.113.0/33", "203.0.113.256", "203.0.113.0/24 1", "203.0.113.0/24 1001"],
        *["203.0.113.0/24 x", "203.0.113.0/24 -5", "203.0.113.0/24 2 3", "203.0.113.0/24, 198.51.100.4"],
        *["0.0.0.0/0", "::/0", "10.0.0.0/7", "2000::/15", "2001:db8::/65", "203.0.113.0/", "203.0.113.0/24 ٢٠"],
    ],
)
def test_invalid_network_is_refused_with_an_example(line):
    told = refused(f"198.51.100.4\n{line}")
    assert "such as 203.0.113.0/24" in told
    assert told.endswith(f"Correct these: {line}")


def test_network_is_listed_once_and_at_most_a_hundred_are():
    assert refused("2001:db8::1\n2001:db8::2 20").endswith("2001:db8::/64")
    hundred = "\n".join(f"198.51.100.{number}" for number in range(100))
    assert listed(hundred) == hundred
    assert "at most 100" in refused(f"{hundred}\n203.0.113.0/24")


@pytest.mark.parametrize(
    ("ip", "factor"),
    [
        ("203.0.113.1", 20),
        ("203.0.112.255", 10),
        ("203.0.113.77", 3),
        ("203.1.0.0", 1),
        ("198.51.100.4", 10),
        ("198.51.100.5", 1),
        ("2001:db8:5:6::/64", 30),
        ("2001:db8:5:7::/64", 40),
        ("2001:db9::/64", 1),
        ("0.0.0.0", 1),
        ("", 1),
    ],
)
def test_most_specific_network_gives_the_factor(ip, factor):
    lines = "203.0.0.0/16\n203.0.113.77 3\n203.0.113.0/24 20\n198.51.100.4"
    operate(trusted_networks=f"{lines}\n2001:db8::/32 30\n2001:db8:5:7::/64 40")
    assert InstanceSettings.current().share_factor(ip) == factor


def test_no_address_has_a_factor_without_networks():
    assert InstanceSettings.current().share_factor("203.0.113.1") == 1
    operate(trusted_networks="203.0.113.0/24")  # of one version of IP only
    assert InstanceSettings.current().share_factor("2001:db8::/64") == 1


def test_lines_that_were_saved_unchecked_are_left_out():
    settings = InstanceSettings(trusted_networks="school\n203.0.113.0/24\n0.0.0.0/0")
    assert [settings.share_factor(ip) for ip in ["203.0.113.1", "192.0.2.1"]] == [10, 1]


def test_list_is_not_read_again_for_each_request(monkeypatch):
    operate(trusted_networks="203.0.113.0/24\n2001:db8::/32")
    settings = InstanceSettings.current()
    ip_addresses.number("203.0.113.1")
    monkeypatch.setattr(networks, "read", None)
    monkeypatch.setattr(ip_addresses, "ip_network", None)
    assert settings.share_factor("203.0.113.1") == 10
    with pytest.raises(TypeError):  # the control: settings that may still change read it
        InstanceSettings.editable().share_factor("203.0.113.1")

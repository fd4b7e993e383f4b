"""Changes of numbering plans: the form that a number had before, and the one that it has now.

A country that runs out of numbers adds digits to all of them. People go on typing the old form for years, and a
site has stored it. `newest` is applied wherever a number is read, `older` wherever it is looked up, and
`manage.py otp_renumber` moves what is stored.

Each function takes a national number, without its calling code, and returns the new one; a number that the change
does not concern is returned as it is. No two subscribers have got the same new number.
"""

import re
from collections.abc import Callable
from typing import NamedTuple


def benin(number: str) -> str:
    """All numbers got 01 in front, from 8 digits to 10, on 30 November 2024 (ARCEP Benin, 2024)."""
    return f"01{number}" if re.fullmatch(r"[0-9]{8}", number) else number


def ivory_coast(number: str) -> str:
    """Mobile numbers got 01, 05 or 07 in front, from 8 digits to 10, on 31 January 2021 (ARTCI, July 2020).

    The second digit tells the operator and so the prefix: 0–3 Moov, 4–6 MTN, 7–9 Orange. Landlines, which begin
    with 2 or 3, and 80… and 90… are left out.
    """
    if not re.fullmatch(r"(?![89]0)[04-9][0-9]{7}", number):
        return number
    return f"0{'1111555777'[int(number[1])]}{number}"


def brazil(number: str) -> str:
    """Mobile numbers got a 9 after the area code, from 8 digits to 9, from 29 July 2012 on in area 11.

    The last areas followed on 6 November 2016 (Anatel, Resolution 553 of 2010). Numbers that begin with 70, 77,
    78 or 79 were of trunked radio and did not change.
    """
    return re.sub(r"^([1-9]{2})([689][0-9]{7}|7[1-6][0-9]{6})$", r"\g<1>9\2", number)


def mexico(number: str) -> str:
    """The 1 of mobile numbers that are called from abroad, and 044 and 045 within, were dropped on 3 August 2019.

    01, for long distance, went with them (IFT, numbering plan of 2018).
    """
    return re.sub(r"^(?:0?1|04[45])([2-9][0-9]{9})$", r"\1", number)


def gabon(number: str) -> str:
    """The 0 of mobile numbers became 6 or 7 on 15 November 2019 (ARCEP Gabon): 06 12 34 56 is 66 12 34 56 now.

    By operator: 02, 05 and 06 became 62, 65 and 66; 04 and 07 became 74 and 77. The old 0 was often left out.
    """
    found = re.fullmatch(r"0?([24567])([0-9]{6})", number)
    return f"{GABON[found[1]]}{found[2]}" if found else number


def argentina(number: str) -> str:
    """Mobile numbers have a 9 in front when they are called from abroad. Many people leave it out.

    This is no change of the plan, but has the same effect: the same subscriber under two numbers. Landlines share
    the numbers of an area with mobile phones, so no landline becomes somebody else's mobile number.
    """
    return re.sub(r"^(11[0-9]{8}|[23][0-9]{9})$", r"9\1", number)


def vietnam(number: str) -> str:
    """Mobile numbers that began with 01 lost a digit from 15 September to 14 November 2018 (MIC, May 2018)."""
    found = re.fullmatch(r"(1[0-9]{2})([0-9]{7})", number)
    return f"{VIETNAM[found[1]]}{found[2]}" if found and found[1] in VIETNAM else number


GABON = {"2": "62", "4": "74", "5": "65", "6": "66", "7": "77"}
# fmt: off
VIETNAM = {
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "186": "56", "188": "58", "199": "59",
}
# fmt: on


class Plan(NamedTuple):
    """A change in one country."""

    calling_code: str
    change: Callable[[str], str]
    reverse: Callable[[str], list[str]]  # national numbers that may have become this one

    def apply(self, value: str) -> str:
        """Return the new form of this number (E.164); a number of another country as it is."""
        if not value.startswith(self.calling_code):
            return value
        return self.calling_code + self.change(value.removeprefix(self.calling_code))

    def older(self, value: str) -> list[str]:
        """Return the forms (E.164) that this number had before."""
        if not value.startswith(self.calling_code):
            return []
        candidates = [self.calling_code + each for each in self.reverse(value.removeprefix(self.calling_code))]
        return [candidate for candidate in candidates if candidate != value and self.apply(candidate) == value]


def _without(table: dict[str, str], *beginnings: str) -> Callable[[str], list[str]]:
    """Return a function that reverses a table of the first two digits."""
    back = {new: old for old, new in table.items()}
    return lambda number: [before + back[number[:2]] + number[2:] for before in beginnings if number[:2] in back]


# Country (ISO 3166-1) → its change.
PLANS = {
    "AR": Plan("+54", argentina, lambda number: [number[1:]]),
    "BJ": Plan("+229", benin, lambda number: [number[2:]]),
    "BR": Plan("+55", brazil, lambda number: [number[:2] + number[3:]]),
    "CI": Plan("+225", ivory_coast, lambda number: [number[2:]]),
    "GA": Plan("+241", gabon, _without(GABON, "0", "")),
    "MX": Plan("+52", mexico, lambda number: [f"1{number}"]),
    "VN": Plan("+84", vietnam, _without(VIETNAM, "")),
}


def newest(value: str) -> str:
    """Return the form that this number (E.164) has now."""
    for plan in PLANS.values():
        if value.startswith(plan.calling_code):
            return plan.apply(value)
    return value


def older(value: str) -> list[str]:
    """Return the forms under which a number (E.164) in its newest form may be stored."""
    return [form for plan in PLANS.values() for form in plan.older(value)]

"""What fits into one SMS, and the last line by which phones fill the code in. Pure.

The alphabet is GSM-7 (3GPP TS 23.038 §6.2.1). With one character outside of it the whole text is sent as UCS-2,
and less than half as much fits. What does not fit is sent, and paid for, in segments (TS 23.040 §9.2.3.24.1).
"""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")  # each counts for two
GSM = BASIC | EXTENSION
GSM_ROOM, GSM_ROOM_OF_MANY = 160, 153  # in one segment that is alone, and in one of several
UCS2_ROOM, UCS2_ROOM_OF_MANY = 70, 67
BEYOND_UCS2 = 0x10000  # from here on a character takes two units of 16 bits


def bind(text: str, domain: str, code: str) -> str:
    """Add the last line, by which phones fill the code in on this domain only (WICG origin-bound codes)."""
    return f"{text}\n\n@{domain} #{code}" if domain else text


def foreign(text: str) -> str:
    """Return the characters of this text that GSM-7 lacks, each once."""
    return "".join(dict.fromkeys(c for c in text if c not in GSM))


def room(text: str) -> int:
    """Return how many characters fit into one segment in the alphabet that this text needs."""
    return UCS2_ROOM if foreign(text) else GSM_ROOM


def taken(text: str) -> int:
    """Return how many characters this text counts for."""
    return sum(_widths(text))


def segments(text: str) -> int:
    """Return the number of segments in which this text is sent. A character is never split over two."""
    if taken(text) <= room(text):
        return 1
    full = UCS2_ROOM_OF_MANY if foreign(text) else GSM_ROOM_OF_MANY
    count, filled = 1, 0
    for width in _widths(text):
        if filled + width > full:
            count, filled = count + 1, 0
        filled += width
    return count


def _widths(text: str) -> list[int]:
    if foreign(text):
        return [2 if ord(c) >= BEYOND_UCS2 else 1 for c in text]
    return [2 if c in EXTENSION else 1 for c in text]

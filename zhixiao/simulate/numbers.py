"""Identifiers that are valid to the check digit, and plainly of no real thing."""

from __future__ import annotations

from datetime import date

from zhixiao.identifiers import USCC_ALPHABET, mod_11_10

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def credit_code(division: str, serial: int, is_recent: bool) -> str:
    """An enterprise's credit code (GB 32100) around an organisation code (GB 11714) of its own."""
    if is_recent:
        digits = ""
        for _ in range(6):
            serial, at = divmod(serial, 31)
            digits = USCC_ALPHABET[at] + digits
        eight = "MA" + digits
    else:
        eight = f"7{serial:07d}"
    total = sum(_VALUES.index(c) * w for c, w in zip(eight, _ORGANISATION_WEIGHTS, strict=True))
    body = "91" + division + eight + "0123456789X0"[11 - total % 11]
    weighted = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + USCC_ALPHABET[(31 - weighted % 31) % 31]


def project_code(division: str, day: date, kind: str, serial: int) -> str:
    """A project code (GB/T 40058): the month, the division, 89, the kind, a serial, the check.

    Before November 2020: the year, the division, an industry, 03 for a filing, a serial, and no check.
    """
    if day < date(2020, 11, 1):
        return f"{day.year}-{division}-34-03-{serial:06d}"
    head = f"{day.year % 100:02d}{day.month:02d}-{division}-89-{kind}-{serial:05d}"
    return head + str(mod_11_10(head.replace("-", "")))


def construction_permit(division: str, day: date, serial: int) -> str:
    return f"{division}{day:%Y%m%d}{serial:02d}01"


def supervision_no(division: str, year: int, serial: int) -> str:
    return f"{division}{year}B{serial:05d}"


def land_contract_no(division: str, year: int, serial: int) -> str:
    return f"{division}{year}CR{serial:04d}"


def parcel_no(town: str, serial: int) -> str:
    return f"{town}{serial % 1000:03d}GB{serial:05d}"

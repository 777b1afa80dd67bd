"""Identifiers of firms, projects, permits and parcels: shapes and check digits (`domain.md` section 1).

Pure functions. A shape or a check digit that is wrong is a doubt, never a reason to lose a row, except for
the alphabet and the length of a credit code (see `landing/macros.sql`, which says the same in SQL).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cache

from zhixiao.settings import PROJECT_DIR

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PROJECT_CODE = re.compile(r"(\d{4})-(\d{6})-(\d{2})-(\d{2})-(\d{6})")
_CONSTRUCTION_PERMIT = re.compile(r"(\d{6})(\d{8})(\d{2})(\d{2})")
_SUPERVISION = re.compile(r"(\d{6})(\d{4})([A-Z])(\d{5})")
_INVISIBLE = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff\u00ad]")


def normalise(code: str) -> str:
    """NFKC, no blanks of any kind, upper case."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", code)).upper()


def uscc_fault(code: str) -> str | None:
    """`length`, `alphabet`, `check` or None for an 18-character credit code (GB 32100-2015)."""
    if len(code) != 18:
        return "length"
    if any(c not in USCC_ALPHABET for c in code):
        return "alphabet"
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(code, _USCC_WEIGHTS, strict=False))
    return None if (31 - total % 31) % 31 == USCC_ALPHABET.index(code[17]) else "check"


def uscc_suggestion(code: str) -> str | None:
    """The code with O, I, Z, S read as 0, 1, 2, 5 where that passes the check: a suggestion, never applied."""
    fixed = normalise(code).translate(str.maketrans("OIZS", "0125"))
    return fixed if fixed != code and uscc_fault(fixed) is None else None


def organisation_code_ok(code: str) -> bool:
    """GB 11714: the nine characters 9-17 of a credit code carry a check of their own."""
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        return False
    total = sum(_ORGANISATION_ALPHABET.index(c) * w for c, w in zip(code, _ORGANISATION_WEIGHTS, strict=False))
    return "0123456789X0"[11 - total % 11] == code[8]


def legacy_tax_id_matches(tax_id: str, uscc: str) -> bool:
    """A 15-digit tax id is region (6) + organisation code (9): characters 9-17 of the credit code."""
    return len(tax_id) == 15 and len(uscc) == 18 and tax_id[6:] == uscc[8:17]


def project_code_fault(code: str) -> str | None:
    """`format`, `month`, `check` or None for a project code of either generation (GB/T 40058-2021)."""
    m = _PROJECT_CODE.fullmatch(code)
    if m is None:
        return "format"
    head = int(m[1])
    if 2016 <= head <= 2020:
        return None
    if not 1 <= head % 100 <= 12 or head < 2011:
        return "month"
    digits = code.replace("-", "")
    return None if mod_11_10(digits[:-1]) == int(digits[-1]) else "check"


def mod_11_10(digits: str) -> int:
    """The check digit of ISO 7064 MOD 11,10."""
    p = 10
    for d in digits:
        p = (p + int(d)) % 10 or 10
        p = 2 * p % 11
    return (11 - p) % 10


def construction_permit_fault(code: str) -> str | None:
    """`format`, `date` or None: region (6), date (8), daily serial (2), class (2)."""
    m = _CONSTRUCTION_PERMIT.fullmatch(code)
    if m is None:
        return "format"
    return None if _is_day(m[2]) else "date"


def supervision_no_fault(code: str) -> str | None:
    """`format`, `letter` or None: region (6), year (4), A allocation or B grant, serial (5)."""
    m = _SUPERVISION.fullmatch(code)
    if m is None:
        return "format"
    return None if m[3] in "AB" else "letter"


def industry_code_fault(code: str) -> str | None:
    """`unknown` for a code that GB/T 4754-2017 does not have; C34, 3411, C3411 and 34-通用设备 are read."""
    m = re.match(r"([A-T])?(\d{2,4})?(?:\D.*)?$", code)
    if m is None or not (m[1] or m[2]):
        return "unknown"
    return None if (m[2] or m[1]) in _industries() else "unknown"


@cache
def _industries() -> frozenset[str]:
    # The one copy of GB/T 4754-2017 in the project is the seed behind dim_industry.
    with (PROJECT_DIR / "dbt_project" / "seeds" / "gbt4754.csv").open(encoding="utf-8", newline="") as f:
        return frozenset(row["code"] for row in csv.DictReader(f))


def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


_FAULTS = {
    "project_code": project_code_fault,
    "construction_permit_no": construction_permit_fault,
    "land_supervision_no": supervision_no_fault,
    "industry_code": industry_code_fault,
}


def code_marks(kind: str, codes: Iterable[str]) -> dict[str, str]:
    """The doubtful ones of these codes, each with what is doubtful. Codes joined by 、 are looked at one by one."""
    fault = _FAULTS.get(kind)
    if fault is None:
        return {}
    out = {}
    for code in codes:
        found = next((f for f in map(fault, code.split("、")) if f is not None), None)
        if found is not None:
            out[code] = "check_digit" if found == "check" else found
    return out

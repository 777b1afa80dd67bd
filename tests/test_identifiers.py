"""Identifiers: check digits and shapes, against vectors from standards and public registers."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.landing.shared import SHARED, needs_shared
from zhixiao.identifiers import (
    USCC_ALPHABET,
    code_marks,
    construction_permit_fault,
    industry_code_fault,
    legacy_tax_id_matches,
    mod_11_10,
    normalise,
    organisation_code_ok,
    project_code_fault,
    supervision_no_fault,
    uscc_fault,
    uscc_suggestion,
)
from zhixiao.landing.land import MACROS


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(MACROS)
    return con


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("914403001922038216", None),
        ("91350100M000100Y43", None),
        ("9152000071430580XT", None),
        ("91350100M000100Y4Z", "alphabet"),
        ("91321200608812164K", "check"),
        ("9132120060881214", "length"),
        ("91321200608812I46K", "alphabet"),
    ],
)
def test_credit_code(code: str, fault: str | None) -> None:
    assert uscc_fault(code) == fault


def test_credit_code_suggestion_reads_letters_as_the_digits_they_look_like() -> None:
    assert uscc_suggestion("9132I200608812146K") == "91321200608812146K"
    assert uscc_suggestion("91321200608812146K") is None
    assert uscc_suggestion("9132I200608812164K") is None


def test_normalise_takes_width_blanks_and_case() -> None:
    assert normalise("９１３２１２００６０８８１２１４６ｋ\u200b ") == "91321200608812146K"


@given(st.text(alphabet=USCC_ALPHABET, min_size=17, max_size=17))
def test_exactly_one_check_character_fits(body: str) -> None:
    fits = [c for c in USCC_ALPHABET if uscc_fault(body + c) is None]
    assert len(fits) == 1


@given(codes=st.lists(st.text(alphabet=USCC_ALPHABET, min_size=18, max_size=18), min_size=1, max_size=50))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_sql_and_python_agree_on_the_check(sql: duckdb.DuckDBPyConnection, codes: list[str]) -> None:
    rows = sql.execute("select zx_uscc_ok(x) from (select unnest(?::varchar[]) as x)", [codes]).fetchall()
    assert [r[0] for r in rows] == [uscc_fault(c) is None for c in codes]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("2104-321204-04-05-506446", None),
        ("2505-330354-04-01-274607", None),
        ("2308-321204-89-01-123456", "check"),
        ("2308-321204-89-01-123450", None),
        ("2313-321204-89-01-123456", "month"),
        ("2020-330327-48-01-167360", None),
        ("2019-330391-47-03-831266", None),
        ("230832120489", "format"),
    ],
)
def test_project_code(code: str, fault: str | None) -> None:
    assert project_code_fault(code) == fault


def test_several_codes_in_a_cell_are_looked_at_one_by_one() -> None:
    codes = ["2308-321204-89-01-123450、2308-321204-89-01-123456", "2308-321204-89-01-123450", "无码"]
    assert code_marks("project_code", codes) == {codes[0]: "check_digit", "无码": "format"}


@given(st.text(alphabet="0123456789", min_size=19, max_size=19))
def test_mod_11_10_notices_every_single_wrong_digit(digits: str) -> None:
    check = mod_11_10(digits)
    for i in (0, 7, 18):
        other = digits[:i] + str((int(digits[i]) + 1) % 10) + digits[i + 1 :]
        assert mod_11_10(other) != check


def test_permits_parcels_and_industries() -> None:
    assert construction_permit_fault("330109202101210222") is None
    assert construction_permit_fault("321204202113010101") == "date"
    assert construction_permit_fault("苏A-12") == "format"
    assert supervision_no_fault("4418272019B00376") is None
    assert supervision_no_fault("3212042021C00012") == "letter"
    assert supervision_no_fault("321204") == "format"
    assert [industry_code_fault(c) for c in ("C34", "3411", "C3411", "34-通用设备", "C")] == [None] * 5
    assert industry_code_fault("3499") is None
    assert industry_code_fault("3490") == "unknown"
    assert industry_code_fault("通用设备") == "unknown"


def test_legacy_tax_id_links_by_the_organisation_code() -> None:
    assert legacy_tax_id_matches("321284608812146", "91321200608812146K")
    assert not legacy_tax_id_matches("321284608812147", "91321200608812146K")
    assert organisation_code_ok("608812146")
    assert not organisation_code_ok("608812147")


@pytest.mark.parametrize(
    ("number", "is_personal"),
    [
        ("11010519491231002X", True),  # the standard's own example
        ("110105194912310021", False),  # its check is wrong
        ("110105194913310029", False),  # no thirteenth month
        ("11010519491231002", True),  # 17 characters begin with a birth date
        ("1101051949123100", False),
        ("11010519491231002X01", True),  # 20 characters
        ("91321200608812146K", False),
        ("914403001922038216", False),
    ],
)
def test_personal_numbers(sql: duckdb.DuckDBPyConnection, number: str, is_personal: bool) -> None:
    row = sql.execute("select zx_is_personal_id(x) from (select cast(? as varchar) as x)", [number]).fetchone()
    assert row == (is_personal,)


@needs_shared
def test_every_vector_of_the_reference() -> None:
    known = {
        "uscc": lambda v: uscc_fault(normalise(v)),
        "project_code_new": project_code_fault,
        "project_code_old": project_code_fault,
        "land_supervision_no": supervision_no_fault,
        "construction_permit": construction_permit_fault,
    }
    path = SHARED / "reference" / "identifier_test_vectors.csv"
    seen = 0
    with path.open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            if row["kind"] not in known:
                continue
            seen += 1
            fault = known[row["kind"]](row["value"])
            expected = row["expected"]
            assert (fault is None) == expected.startswith("valid"), (row, fault)
            if expected.startswith("invalid_"):
                assert fault == expected.removeprefix("invalid_"), (row, fault)
    assert seen >= 40


@needs_shared
def test_registered_codes_of_a_whole_province_pass() -> None:
    """Of the 18-character codes registered in Jiangsu in 1993 every one passes; the rest are old numbers."""
    path: Path = SHARED / "samples" / "real" / "cn_registry" / "jiangsu_codes_1993.csv"
    with path.open(encoding="utf-8", newline="") as f:
        cells = [c.strip() for row in csv.reader(f) for c in row]
    codes = [c for c in cells if len(c) == 18 and c[:2] in ("91", "92", "93")]
    assert len(codes) > 1000
    assert [c for c in codes if uscc_fault(c) is not None] == []
    assert sum(organisation_code_ok(c[8:17]) for c in codes) >= 0.99 * len(codes)

"""Numbers of persons in published text, and what only looks like them."""

from __future__ import annotations

import duckdb
import pytest

from expectations.identity import IDENTITY_SQL, MOBILE_SQL


def matches(sql: str, text: str | None) -> bool:
    condition = sql.format(text="t", latest_birth_year=2010)
    row = duckdb.execute(f"SELECT coalesce({condition}, false) FROM (SELECT CAST(? AS VARCHAR) AS t)", [text])
    return bool(row.fetchone()[0])  # type: ignore[index]


@pytest.mark.parametrize("text", ["13912345678", "联系人13912345678（张）", "tel: 19912345678", "['13912345678']"])
def test_mobile_numbers_are_found(text: str) -> None:
    assert matches(MOBILE_SQL, text)


@pytest.mark.parametrize(
    "text",
    ["12912345678", "139123456789", "1391234567", "a13912345678b", "321204-13912345678X", "", None, "0523-88123456"],
)
def test_other_numbers_are_no_mobile_numbers(text: str | None) -> None:
    assert not matches(MOBILE_SQL, text)


@pytest.mark.parametrize("text", ["11010519491231002X", "11010519491231002x", "身份证11010519491231002X。"])
def test_identity_numbers_are_found(text: str) -> None:
    assert matches(IDENTITY_SQL, text)


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # wrong check digit
        "11010519491331002X",  # no such month
        "91321204MA1ABCDE1X",  # a credit code
        "321204202501010101",  # a permit number with its day
        "0" + "11010519491231002X",  # inside a longer number
        "a" * 64,
        "",
        None,
    ],
)
def test_business_numbers_are_no_identity_numbers(text: str | None) -> None:
    assert not matches(IDENTITY_SQL, text)


def test_a_permit_number_with_a_right_check_digit_is_no_adult() -> None:
    body = "32120420250101010"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    assert not matches(IDENTITY_SQL, body + check)
    child = "32120420080101010"
    assert matches(
        IDENTITY_SQL,
        child + "10X98765432"[sum(int(d) * w for d, w in zip(child, weights, strict=True)) % 11],
    )

"""The scoring itself: an oracle scores 1, silence scores 0, a constant fail scores its prevalence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from zhixiao.simulate.falsify.planting import Planting
from zhixiao.simulate.score import Result, Share, add_up, goals, oracle, read_results, score
from zhixiao.simulate.score_page import curve, page, table, text

KNOWN_ON = date(2026, 2, 27)
EARLY = date(2025, 1, 1)


def false(n: int, check: str = "R05", level: str = "middle", **more: object) -> Planting:
    return Planting(check, "project", f"QY{n:04d}", False, "early_start", EARLY, level=level, intensity="120",
                    severity="quarantine", **more)  # type: ignore[arg-type]  # fmt: skip


def honest(n: int, check: str = "R05") -> Planting:
    return Planting(check, "project", f"QY{n:04d}", True, "commitment", EARLY)


PLANTED = [
    *(false(n, level=level) for n, level in enumerate(("low", "middle", "high", "low"))),
    *(false(n, "R01", periods=("2024-05", "2024-06")) for n in range(10, 13)),
    *(honest(n) for n in range(20, 24)),
]


def everything_fails(units: int, check: str = "R05") -> list[Result]:
    return [Result(check, "project", f"QY{n:04d}", None, None, "fail", "quarantine") for n in range(units)]


def test_an_oracle_scores_one() -> None:
    scores = score(PLANTED, oracle(PLANTED), KNOWN_ON)
    assert [s.check_id for s in scores] == ["R01", "R05"]
    for s in scores:
        assert s.found.value == s.precision.value == s.effective_recall.value == s.effective_precision.value == 1.0
        assert not s.missed and not s.alarmed
    assert scores[1].alarms == Share(0, 4)
    assert {level: x.of for level, x in scores[1].recall.items()} == {"low": 2, "middle": 1, "high": 1}


def test_silence_scores_nothing() -> None:
    for s in score(PLANTED, [], KNOWN_ON):
        assert s.found.value == 0.0 and s.effective_recall.value == 0.0
        assert s.precision.value is None and s.applicable == 0
        assert len(s.missed) == s.found.of


def test_a_constant_fail_scores_its_prevalence() -> None:
    (s,) = score([p for p in PLANTED if p.check_id == "R05"], everything_fails(200), KNOWN_ON)
    assert s.found.value == 1.0
    assert s.precision == Share(4, 200) and s.effective_precision == Share(4, 200)
    assert s.alarms.value == 1.0 and len(s.alarmed) == 4


def test_a_finding_in_another_month_or_on_the_other_side_is_none() -> None:
    (p,) = [false(10, "R01", periods=("2024-05",))]
    other = [replace(oracle([p])[0], period="2024-07")]
    assert score([p], other, KNOWN_ON)[0].found == Share(0, 1)
    pair = false(3, "R11", counterpart_id="QY0009")
    assert score([pair], [replace(oracle([pair])[0], counterpart_id=None)], KNOWN_ON)[0].found == Share(0, 1)
    assert score([pair], oracle([pair]), KNOWN_ON)[0].found == Share(1, 1)


def test_consequences_are_neither_finds_nor_alarms() -> None:
    planted = [false(0, also=("R33",)), false(7, "R33")]
    fails = [Result("R33", "project", f"QY{n:04d}", "start", None, "fail", "flag") for n in (0, 5)]
    s = next(s for s in score(planted, fails, KNOWN_ON) if s.check_id == "R33")
    assert s.precision == Share(0, 1), "the one on QY0000 is excused, the one on QY0005 is not"
    assert s.found == Share(0, 1)


def test_what_cannot_be_known_yet_is_not_missed() -> None:
    assert score([replace(false(1), known_from=date(2026, 2, 28))], [], KNOWN_ON) == []


def test_states_have_no_precision_and_alarms_about_a_source_are_no_finding() -> None:
    fails = [replace(r, check_id="R31") for r in everything_fails(5)]
    fails.append(Result("R31", "source", "R31", None, "2025-01", "fail", "flag"))
    (s,) = score([false(1, "R31")], fails, KNOWN_ON)
    assert s.precision.of == 0 and s.failed == 5 and s.found == Share(1, 1)


def test_worlds_add_up() -> None:
    one = score(PLANTED, oracle(PLANTED), KNOWN_ON)
    two = score(PLANTED, [], KNOWN_ON)
    total = {s.check_id: s for s in add_up([one, two])}
    assert total["R05"].found == Share(4, 8) and total["R01"].found == Share(3, 6)
    assert goals(list(total.values()))["recall"] == Share(7, 14)
    assert one[0].found == Share(3, 3), "the worlds themselves stay as they were"


def test_results_are_read_as_published(tmp_path: Path) -> None:
    path = tmp_path / "zhixiao.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema checks")
    assert read_results(path) is None
    with duckdb.connect(str(path)) as con:
        con.execute(
            "create table checks.fct_check_result as select 'R05' check_id, 'project' entity_type, 'QY0001' entity_id,"
            " null::varchar counterpart_id, null::varchar period, 'fail' outcome, 'flag' effective_severity"
        )
    assert read_results(path) == [Result("R05", "project", "QY0001", None, None, "fail", "flag")]


def test_the_page_shows_what_the_table_says() -> None:
    scores = score(PLANTED, everything_fails(3) + [r for r in oracle(PLANTED) if r.check_id == "R01"], KNOWN_ON)
    shown = table(scores)
    assert re.search(r"R05 .*0\.50 \(1/2\).*1\.00 \(1/1\).*1\.00 \(1/1\)", shown), shown
    told = page(scores, ["seed 1 <world>"])
    assert "seed 1 &lt;world&gt;" in told and "0.50 (1/2)" in told and told.count("<svg") == 2
    assert not re.search(r"(src|href)=['\"]?http", told), "the page asks the network for nothing"
    assert curve(scores[0]) == curve(scores[0]), "the same picture, byte for byte"


@pytest.mark.parametrize(("share", "told"), [(Share(), "-"), (Share(0, 3), "0.00 (0/3)"), (Share(2, 3), "0.67 (2/3)")])
def test_a_share_of_nothing_is_a_dash(share: Share, told: str) -> None:
    assert text(share) == told

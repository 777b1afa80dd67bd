"""Which pairs a backfill builds, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from tests.warehouse.house import MODELS, House
from zhixiao.errors import ConfigError, DataError
from zhixiao.settings import Settings
from zhixiao.warehouse import backfill, releases
from zhixiao.warehouse.pair import Pair


def sale(uscc: str, period: str) -> dict[str, object]:
    return {"uscc": uscc, "stat_period": period, "invoiced_sales": Decimal(5)}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Models of a line each take the place of dbt, and the audit says yes. The pairs that were built."""
    told: list[str] = []

    @contextmanager
    def dbt(scratch: Settings) -> Iterator[Callable[[Pair], None]]:
        def run(pair: Pair) -> None:
            if pair.known_on == date(2025, 2, 28) and "fails" in told:
                raise DataError("坏了", "broken")
            with duckdb.connect(str(scratch.work_db)) as con:
                con.execute(MODELS.format(known_on=pair.known_on, as_of=pair.as_of))
            told.append(pair.name)

        yield run

    class Passed:
        def require(self) -> None: ...

    monkeypatch.setattr(backfill, "_dbt", dbt)
    monkeypatch.setattr(backfill, "code_hash", lambda _: "models")
    monkeypatch.setattr("expectations.candidate.run_audit", lambda *_: Passed())
    return told


@pytest.fixture
def house(settings: Settings) -> House:
    h = House(settings)
    for n, (day, period) in enumerate((("2025-01-10", "2024-12-31"), ("2025-02-10", "2025-01-31"))):
        h.drop("sales", day, f"{n}.csv", [sale("U1", period)])
    h.drop("sales", "2025-04-10", "late.csv", [sale("U2", "2025-03-31")])
    h.publish("2025-04-10")
    return h


def test_the_plan_has_sixty_month_ends() -> None:
    pairs = backfill.month_ends()
    assert len(pairs) == 60
    assert pairs[0] == Pair(date(2021, 1, 31), date(2021, 1, 31))
    assert pairs[37].name == "2024-02-29_2024-02-29"
    assert pairs[-1].known_on == date(2025, 12, 31)
    for first, last in (("2021", "2025-12"), ("2021-13", "2025-12"), ("2022-01", "2021-12")):
        with pytest.raises(ConfigError):
            backfill.month_ends(first, last)


def test_pairs_are_kept_beside_and_built_once(house: House, built: list[str]) -> None:
    published = house.read("SELECT release_id FROM quality.release")
    said: list[str] = []
    r = backfill.backfill(house.settings, "2025-01", "2025-05", progress=said.append)
    names = [f"{d}_{d}" for d in ("2025-01-31", "2025-02-28", "2025-03-31")]
    assert (r.built, r.kept, r.not_yet) == (names, [], [f"{d}_{d}" for d in ("2025-04-30", "2025-05-31")])
    assert built == names
    assert house.read("SELECT release_id FROM quality.release") == published
    totals = {}
    for name in names:
        with duckdb.connect(str(house.settings.releases_dir / name / "zhixiao.duckdb"), read_only=True) as con:
            totals[name] = con.execute("SELECT sum(sales) FROM marts.fct_sales_month").fetchone()
    assert totals == {names[0]: (5,), names[1]: (10,), names[2]: (10,)}

    again = backfill.backfill(house.settings, "2025-01", "2025-03")
    assert (again.built, again.kept) == ([], names)
    assert built == names


def test_only_what_a_new_file_touches_is_built_again(house: House, built: list[str]) -> None:
    backfill.backfill(house.settings, "2025-01", "2025-03")
    built.clear()
    house.drop("sales", "2025-03-05", "new.csv", [sale("U3", "2025-02-28")])
    r = backfill.backfill(house.settings, "2025-01", "2025-03")
    assert r.built == ["2025-03-31_2025-03-31"]
    assert r.kept == ["2025-01-31_2025-01-31", "2025-02-28_2025-02-28"]


def test_changed_models_build_every_pair_again(house: House, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    backfill.backfill(house.settings, "2025-01", "2025-02")
    monkeypatch.setattr(backfill, "code_hash", lambda _: "other models")
    assert len(backfill.backfill(house.settings, "2025-01", "2025-02").built) == 2


def test_a_pair_that_fails_is_told_and_tried_again(house: House, built: list[str]) -> None:
    built.append("fails")
    r = backfill.backfill(house.settings, "2025-01", "2025-03")
    assert list(r.failed) == ["2025-02-28_2025-02-28"]
    assert r.built == ["2025-01-31_2025-01-31", "2025-03-31_2025-03-31"]
    built.remove("fails")
    r = backfill.backfill(house.settings, "2025-01", "2025-03")
    assert (r.built, r.failed) == (["2025-02-28_2025-02-28"], {})


def test_retention_never_takes_a_month_end(house: House, built: list[str]) -> None:
    backfill.backfill(house.settings, "2025-01", "2025-03")
    for n in range(3):
        house.drop("sales", f"2025-05-{n + 1:02}", f"m{n}.csv", [sale(f"V{n}", "2025-04-30")])
        house.publish(f"2025-05-{n + 1:02}")
    assert len(releases.prune(house.settings, 1)) == 3
    left = [r.name for r in releases.kept_releases(house.settings) if r.sequence == 0]
    assert left == [f"{d}_{d}" for d in ("2025-01-31", "2025-02-28", "2025-03-31")]

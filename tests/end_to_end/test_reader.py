"""A reader that queries the published file in a loop sees one whole release after the other, never an error."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.house import House
from zhixiao.settings import Settings
from zhixiao.warehouse.publish import rollback

READER = """
import json, sys, time
from pathlib import Path
import duckdb
path, stop, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
seen, queries, errors = {}, 0, []
SQL = '''SELECT r.release_id, r.known_on::VARCHAR, (r.row_counts::JSON->>'marts.fct_sales_month')::INT,
  (SELECT count(*) FROM marts.fct_sales_month), (SELECT sum(sales) FROM marts.fct_sales_month)::VARCHAR,
  (SELECT total FROM marts.mart_total)::VARCHAR, (SELECT max(known_on)::VARCHAR FROM marts.fct_sales_month)
  FROM quality.release r'''
print("ready", flush=True)
while not stop.exists():
    try:
        with duckdb.connect(path, read_only=True) as con:
            for _ in range(3):
                answer = con.execute(SQL).fetchone()
                queries += 1
                seen.setdefault(answer[0], []).append(answer)
    except Exception as e:
        errors.append(repr(e))
out.write_text(json.dumps({"seen": {k: sorted(set(map(tuple, v))) for k, v in seen.items()},
                           "queries": queries, "errors": errors, "order": list(seen)}))
"""


def sale(uscc: str, value: int) -> dict[str, Any]:
    return {"stat_period": "2024-12-31", "uscc": uscc, "invoiced_sales": Decimal(value)}


def read_through(house: House, tmp_path: Path, publications: int) -> dict[str, Any]:
    """Publish several releases while another process reads in a loop. Returns what the reader saw."""
    days = [(date(2025, 1, 31) + timedelta(30 * i)).isoformat() for i in range(publications + 1)]
    house.drop("sales", days[0], "a.csv", [sale("U0", 1), sale("X", 1)])
    ids = [house.publish(days[0]).release_id]
    stop, out = tmp_path / "stop", tmp_path / "out.json"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(house.settings.published_db), str(stop), str(out)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "ready"
    for i, day in enumerate(days[1:], start=1):
        house.drop("sales", day, f"{i}.csv", [sale(f"U{i}", 10**i % 997), sale("X", i)])
        ids.append(house.publish(day).release_id)
        time.sleep(0.3)
    rollback(house.settings)
    time.sleep(0.3)
    stop.touch()
    assert reader.wait(60) == 0
    seen: dict[str, Any] = json.loads(out.read_text())
    assert seen["errors"] == []
    assert set(seen["seen"]) <= set(ids)
    for release, answers in seen["seen"].items():
        assert len(answers) == 1, "a release gives one answer only"
        release_id, known_on, told, counted, total, mart_total, latest = answers[0]
        assert release_id == release
        assert known_on == latest
        assert told == counted
        assert total == mart_total
    return {**seen, "published": ids}


def test_a_reader_through_three_publications_and_a_rollback(house: House, tmp_path: Path) -> None:
    seen = read_through(house, tmp_path, 3)
    assert seen["published"][-1] in seen["seen"]
    assert len(seen["seen"]) >= 3
    assert seen["queries"] >= 9


@pytest.mark.long
def test_four_readers_through_thirty_publications(tmp_path: Path) -> None:
    house = House(Settings(tmp_path / "raw", tmp_path / "warehouse", settle_seconds=0))
    house.settings.raw_dir.mkdir()
    stop = tmp_path / "stop-more"
    others: list[subprocess.Popen[str]] = []
    house.drop("sales", "2025-01-01", "first.csv", [sale("X", 5)])
    house.publish("2025-01-01")
    for n in range(3):
        arguments = [str(house.settings.published_db), str(stop), str(tmp_path / f"more-{n}.json")]
        others.append(subprocess.Popen([sys.executable, "-c", READER, *arguments], stdout=subprocess.PIPE, text=True))
    try:
        read_through(house, tmp_path, 30)
    finally:
        stop.touch()
        for o in others:
            o.wait(60)
    for n in range(3):
        seen = json.loads((tmp_path / f"more-{n}.json").read_text())
        assert seen["errors"] == []
        assert all(len(answers) == 1 for answers in seen["seen"].values())
        assert seen["queries"] > 100


@pytest.fixture
def house(settings: Settings) -> House:
    return House(settings)

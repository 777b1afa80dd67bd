from __future__ import annotations

import hashlib
import random
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao.errors import ConfigError, DataError, LockError
from zhixiao.landing.report import LandedPaths
from zhixiao.settings import Settings
from zhixiao.warehouse import load as load_module
from zhixiao.warehouse.lock import warehouse_lock

FEB, MAR, APR = "2025-02-28", "2025-03-31", "2025-04-30"


def sale(uscc: str, value: Any, period: str = FEB, **more: Any) -> dict[str, Any]:
    return {"stat_period": period, "uscc": uscc, "invoiced_sales": Decimal(str(value)), **more}


def signing(no: str, money: int = 100) -> dict[str, Any]:
    return {"signing_row_no": no, "project_name": f"项目{no}", "signed_investment": Decimal(money)}


def filing(code: str, money: int = 100) -> dict[str, Any]:
    return {"project_code": code, "planned_investment": Decimal(money)}


def reject(row: int, column: str, text: str = "x", money: float = 0, **more: Any) -> dict[str, Any]:
    return {
        "row_number": row,
        "column_name": column,
        "cell_text": text,
        "reason_code": "number_unreadable",
        "reason_zh": "读不出数字",
        "reason_en": "no number",
        "money": Decimal(str(money)),
        **more,
    }


def dump(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in `raw`, in an order of its own."""
    with duckdb.connect(str(house.settings.work_db), read_only=True) as con:
        names = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw'").fetchall()
        return {t: sorted(con.execute(f'SELECT * FROM raw."{t}"').fetchall(), key=repr) for (t,) in names}


def test_rows_arrive_typed_with_their_lineage(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", "12.5"), sale("U2", 7)], [reject(9, "invoiced_sales")])
    result = house.load()
    assert (result.files_loaded, result.deliveries_written, result.wrote) == (1, 1, True)
    rows = house.query(
        "SELECT uscc, invoiced_sales, stat_period::VARCHAR, district_code, file_sha256, file_name, sheet, row_number, "
        "received_on::VARCHAR, restates_by_key FROM raw.sales ORDER BY uscc"
    )
    lineage = ("321204", sha, "a.csv", "", 2, "2025-03-15", False)
    assert rows[0] == ("U1", Decimal("12.500000"), FEB, *lineage)
    assert rows[1][7] == 3
    log = house.query(
        "SELECT status, mode, contract_version, headers_found, rows_read, rows_accepted, rows_quarantined, "
        "rows_control, rows_ignored, money_read, money_accepted, money_quarantined FROM raw.load_log"
    )
    assert log == [("loaded", "period", "1.0.0", ["表头"], 4, 2, 1, 0, 1, Decimal("19.5"), Decimal("19.5"), Decimal(0))]
    assert house.query("SELECT scope FROM raw.delivery_scope") == [("2025-02",)]


def test_quarantine_has_an_owner_and_an_id_that_can_be_computed(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [], [reject(9, "invoiced_sales", "一百", 3.5)])
    house.load()
    text = f"sales|{sha}|2025-03-15|a.csv||9|invoiced_sales"
    expected = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert house.query("SELECT quarantine_id, owner, cell_text, reason_code, money, file_name FROM raw.quarantine") == [
        (expected, "税务局", "一百", "number_unreadable", Decimal("3.5"), "a.csv")
    ]


def test_a_second_load_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1), sale("U1", 2)])
    house.drop("signing", "2025-03-01", "s.xlsx", [signing("1")], refused=None)
    house.drop("fai", "2025-03-01", "bad.xlsx", refused="unreadable")
    assert house.load().wrote
    before = house.settings.work_db.read_bytes()
    stamp = house.settings.work_db.stat().st_mtime_ns
    again = house.load()
    assert (again.wrote, again.deliveries_written, again.new_files) == (False, 0, [])
    assert (again.files_loaded, again.files_refused) == (2, 1)
    assert house.settings.work_db.read_bytes() == before
    assert house.settings.work_db.stat().st_mtime_ns == stamp


def test_only_the_new_file_is_loaded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    house.drop("filing", "2025-03-15", "f.csv", [filing("P1")])
    house.load()
    written: list[str] = []
    original = load_module.DeliveryRows.insert

    def spy(self: Any) -> None:
        written.extend(f"{e.source}/{e.day}/{e.file_name}" for e in self.entries)
        original(self)

    monkeypatch.setattr(load_module.DeliveryRows, "insert", spy)
    house.drop("sales", "2025-04-15", "b.csv", [sale("U1", 2, MAR)])
    result = house.load()
    assert written == ["sales/2025-04-15/b.csv"]
    assert [f["file_name"] for f in result.new_files] == ["b.csv"]
    assert house.query("SELECT count(*) FROM raw.sales") == [(2,)]


def test_refused_files_are_rows_of_the_log_without_counts(house: House) -> None:
    house.drop("fai", "2025-03-01", "bad.xlsx", refused="header_not_found")
    (house.settings.raw_dir / "signin" / "2025-03-02").mkdir(parents=True)
    (house.settings.raw_dir / "signin" / "2025-03-02" / "x.csv").write_text("a")
    (house.settings.raw_dir / "tax" / "2025-13-02").mkdir(parents=True)
    (house.settings.raw_dir / "tax" / "2025-13-02" / "y.csv").write_text("a")
    result = house.load()
    assert result.files_refused == 3
    rows = house.query(
        "SELECT source, received_on::VARCHAR, reason_code, mode, rows_read, money_read "
        "FROM raw.load_log ORDER BY source"
    )
    assert rows == [
        ("fai", "2025-03-01", "header_not_found", "period", None, None),
        ("signin", "2025-03-02", "unknown_source", None, None, None),
        ("tax", None, "bad_date", "period", None, None),
    ]
    assert not house.load().wrote


def test_a_misplaced_file_that_is_moved_leaves_the_log(house: House) -> None:
    house.drop("fai", "2025-03-01", "good.xlsx", [])
    folder = house.settings.raw_dir / "tax" / "2025-13-02"
    folder.mkdir(parents=True)
    (folder / "y.csv").write_text("a")
    assert house.load().files_refused == 1
    shutil.rmtree(folder)
    result = house.load()
    assert (result.files_refused, result.removed_from_raw) == (0, [])
    assert house.query("SELECT file_name FROM raw.load_log") == [("good.xlsx",)]


# --- duplicates


def test_a_key_twice_in_a_delivery_moves_the_second_row_with_its_money(house: House) -> None:
    rows = [sale("U1", 10), sale("U2", 20), sale("U1", "5.25", equipment_purchases=Decimal("0.75"))]
    house.drop("sales", "2025-03-15", "a.csv", rows)
    house.drop("sales", "2025-03-15", "b.csv", [sale("U2", 40)])
    house.load()
    assert house.query("SELECT uscc, invoiced_sales FROM raw.sales ORDER BY ALL") == [
        ("U1", Decimal(10)),
        ("U2", Decimal(20)),
    ]
    quarantine = house.query(
        "SELECT file_name, row_number, column_name, cell_text, reason_code, row_key, scope, money FROM raw.quarantine "
        "ORDER BY file_name"
    )
    column = "stat_period|uscc"
    assert quarantine == [
        ("a.csv", 4, column, f"{FEB}|U1", "duplicate_key", f"{FEB}|U1", "2025-02", Decimal(6)),
        ("b.csv", 2, column, f"{FEB}|U2", "duplicate_key", f"{FEB}|U2", "2025-02", Decimal(40)),
    ]
    reasons = house.query("SELECT reason_zh, reason_en FROM raw.quarantine WHERE file_name = 'b.csv'")[0]
    assert "文件 a.csv 第 3 行" in reasons[0]
    assert "first in a.csv row 3" in reasons[1]
    log = house.query(
        "SELECT file_name, rows_read, rows_accepted, rows_quarantined, money_read, money_accepted, money_quarantined "
        "FROM raw.load_log ORDER BY 1"
    )
    assert log == [
        ("a.csv", 4, 2, 1, Decimal(36), Decimal(30), Decimal(6)),
        ("b.csv", 2, 0, 1, Decimal(40), Decimal(0), Decimal(40)),
    ]


def test_another_submission_kind_is_no_duplicate_and_none_counts_as_first(house: House) -> None:
    def fai(kind: str | None, cum: int) -> dict[str, Any]:
        return {
            "stat_period": FEB,
            "project_code": "P1",
            "investment_cum": Decimal(cum),
            "submission_kind": kind,
        }

    house.drop("fai", "2025-03-10", "a.xlsx", [fai("首次", 1), fai("更正", 2), fai(None, 3), fai("更正", 4)])
    house.load()
    assert house.query("SELECT investment_cum::INT FROM raw.fai ORDER BY 1") == [(1,), (2,)]
    assert house.query("SELECT count(*) FROM raw.quarantine") == [(2,)]


def test_an_empty_key_part_is_a_value_of_its_own(house: House) -> None:
    rows = [{"fund_no": "F1", "signing_row_no": None}, {"fund_no": "F1", "signing_row_no": "1"}]
    house.drop("fund", "2025-03-10", "a.xlsx", [*rows, {"fund_no": "F1", "signing_row_no": None}])
    house.load()
    assert house.query("SELECT signing_row_no FROM raw.fund ORDER BY 1") == [("1",), (None,)]
    assert house.query("SELECT cell_text, scope FROM raw.quarantine") == [("F1|", "*")]


def test_events_and_tax_rows_are_never_duplicates(house: House) -> None:
    house.drop("filing", "2025-03-10", "a.csv", [filing("P1"), filing("P1")])
    tax = {"stat_period": FEB, "uscc": "U1", "tax_paid": Decimal(1), "collecting_office": "一分局"}
    house.drop("tax", "2025-03-10", "a.csv", [tax, tax])
    house.load()
    assert house.query("SELECT count(*) FROM raw.filing") == [(2,)]
    assert house.query("SELECT count(*) FROM raw.tax") == [(2,)]
    assert house.query("SELECT scope FROM raw.delivery_scope") == [("2025-02|一分局",)]


def test_the_same_key_in_two_districts_or_on_two_days_is_no_duplicate(house: House) -> None:
    house.drop("signing", "2025-03-10", "a.xlsx", [signing("1")])
    house.drop("signing", "2025-03-11", "b.xlsx", [signing("1", 200)])
    house.drop("signing", "2025-03-10", "a.xlsx", [signing("1", 300)], district="321203")
    house.load()
    assert house.query("SELECT district_code, signed_investment::INT FROM raw.signing ORDER BY ALL") == [
        ("321203", 300),
        ("321204", 100),
        ("321204", 200),
    ]


# --- unchanged


def test_a_repeated_file_says_unchanged_and_shows_the_counts_of_the_first(house: House) -> None:
    rows = [sale("U1", 1), sale("U1", 2)]
    house.drop("sales", "2025-03-15", "a.csv", rows)
    house.drop("sales", "2025-03-20", "again.csv", rows)
    result = house.load()
    assert house.statuses() == {"2025-03-15/a.csv": "loaded", "2025-03-20/again.csv": "unchanged"}
    assert (result.files_loaded, result.files_unchanged) == (1, 1)
    assert house.query("SELECT count(*) FROM raw.sales") == [(1,)]
    assert house.query("SELECT DISTINCT rows_accepted, rows_quarantined, money_quarantined FROM raw.load_log") == [
        (1, 1, Decimal(2))
    ]


def test_a_late_file_in_between_turns_unchanged_into_loaded(house: House) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    house.drop("sales", "2025-03-20", "again.csv", [sale("U1", 1)])
    house.load()
    house.drop("sales", "2025-03-18", "b.csv", [sale("U1", 2)])
    result = house.load()
    assert house.statuses()["2025-03-20/again.csv"] == "loaded"
    assert [(c["file_name"], c["was"], c["status"]) for c in result.changed_outcomes] == [
        ("again.csv", "unchanged", "loaded")
    ]
    assert house.query("SELECT received_on::VARCHAR, invoiced_sales::INT FROM raw.sales ORDER BY 1") == [
        ("2025-03-15", 1),
        ("2025-03-18", 2),
        ("2025-03-20", 1),
    ]


def test_events_overlap_by_key(house: House) -> None:
    house.drop("filing", "2025-03-10", "a.csv", [filing("P1"), filing("P2")])
    house.drop("filing", "2025-03-11", "b.csv", [filing("P3")])
    house.drop("filing", "2025-03-12", "a2.csv", [filing("P1"), filing("P2")])
    house.load()
    assert house.statuses()["2025-03-12/a2.csv"] == "unchanged"
    house.drop("filing", "2025-03-11", "c.csv", [filing("P2", 7)])
    house.load()
    assert house.statuses()["2025-03-12/a2.csv"] == "loaded"


# --- order, history


def some_files(house: House) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1), sale("U2", 2)])
    house.drop("sales", "2025-03-15", "b.csv", [sale("U2", 3), sale("U3", 4)], [reject(8, "uscc", money=1)])
    house.drop("sales", "2025-03-20", "a.csv", [sale("U1", 1), sale("U2", 2)])
    house.drop("sales", "2025-03-22", "c.csv", [sale("U1", 9)])
    house.drop("sales", "2025-03-25", "a.csv", [sale("U1", 1), sale("U2", 2)])
    house.drop("signing", "2025-03-01", "s.xlsx", [signing("1"), signing("2"), signing("1", 5)])
    house.drop("signing", "2025-04-01", "s.xlsx", [signing("1")], controls=[{"label": "合计", "values": "{}"}])
    house.drop("filing", "2025-04-01", "f.csv", [filing("P1")])
    house.drop("filing", "2025-04-03", "g.csv", [filing("P1")])
    house.drop("fai", "2025-04-03", "bad.csv", refused="unreadable")


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_arrival_plays_no_part(house: House, tmp_path: Path, seed: int) -> None:
    some_files(house)
    house.load()
    at_once = dump(house)
    other = House(Settings(tmp_path / "raw2", tmp_path / "warehouse2", settle_seconds=0))
    shutil.copytree(house.settings.landed_dir, other.settings.landed_dir)
    files = sorted(p for p in house.settings.raw_dir.rglob("*") if p.is_file())
    random.Random(seed).shuffle(files)
    for p in files:
        target = other.settings.raw_dir / p.relative_to(house.settings.raw_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(p, target)
        other.load()
    assert dump(other) == at_once
    other.load(full=True)
    assert dump(other) == at_once


def test_a_removed_file_is_told_loudly_and_its_rows_stay(house: House) -> None:
    some_files(house)
    house.load()
    before = dump(house)
    (house.settings.raw_dir / "sales" / "2025-03-22" / "c.csv").unlink()
    for _ in range(2):
        result = house.load()
        assert result.removed_from_raw == ["sales/2025-03-22/c.csv"]
        assert not result.wrote
        assert "put the file back" in result.warnings_en[0]
    house.load(full=True)
    assert dump(house) == before


def test_a_file_changed_in_place_counts_as_the_new_bytes(house: House) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    house.load()
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 2)])
    result = house.load()
    assert result.replaced_in_raw == ["sales/2025-03-15/a.csv"]
    assert house.query("SELECT invoiced_sales::INT FROM raw.sales") == [(2,)]
    assert house.load().replaced_in_raw == []


def test_a_known_file_that_is_being_written_stays_quietly(house: House) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    house.load()
    before = dump(house)
    found = house.discover()
    found.waiting, found.drops = [Path(d.path) for d in found.drops], []
    result = load_module.load(house.settings, found)
    assert (result.removed_from_raw, result.wrote) == ([], False)
    assert dump(house) == before


def test_a_file_that_is_not_landed_holds_back_its_source_from_that_day_on(house: House) -> None:
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    house.drop("sales", "2025-03-25", "c.csv", [sale("U1", 3)])
    house.load()
    sha = house.drop("sales", "2025-03-20", "b.csv", [sale("U1", 2)])
    report = LandedPaths.of(house.settings.landed_dir, "sales", sha).report
    text = report.read_text()
    report.unlink()
    house.drop("sales", "2025-03-26", "d.csv", [sale("U1", 4)])
    house.drop("sales", "2025-03-10", "early.csv", [sale("U1", 0)])
    house.drop("filing", "2025-04-01", "f.csv", [filing("P1")])
    result = house.load()
    assert result.not_landed == ["sales/2025-03-20/b.csv"]
    assert house.query("SELECT invoiced_sales::INT FROM raw.sales ORDER BY 1") == [(0,), (1,), (3,)]
    assert house.query("SELECT count(*) FROM raw.filing") == [(1,)]
    report.write_text(text)
    assert house.load().not_landed == []
    assert house.query("SELECT invoiced_sales::INT FROM raw.sales ORDER BY 1") == [(0,), (1,), (2,), (3,), (4,)]


def test_a_report_of_another_contract_version_is_not_landed(house: House) -> None:
    sha = house.drop("sales", "2025-03-20", "b.csv", [sale("U1", 2)])
    report = LandedPaths.of(house.settings.landed_dir, "sales", sha).report
    report.write_text(report.read_text().replace('"1.0.0"', '"0.9.0"'))
    assert house.load().not_landed == ["sales/2025-03-20/b.csv"]


# --- the accounting identity


def test_a_report_that_does_not_add_up_rolls_everything_back(house: House) -> None:
    house.drop("filing", "2025-03-01", "f.csv", [filing("P1")])
    house.load()
    before = dump(house)
    house.drop("filing", "2025-03-02", "g.csv", [filing("P2")])
    house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)], money_read=Decimal(2))
    with pytest.raises(DataError, match=r"sales/2025-03-15/a\.csv does not add up.*money read 2, accepted 1"):
        house.load()
    assert dump(house) == before


def test_rows_that_are_not_in_the_landed_file_are_noticed(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1), sale("U2", 2)])
    rows = LandedPaths.of(house.settings.landed_dir, "sales", sha).rows
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM '{rows}' WHERE uscc = 'U1') TO '{rows}.x' (FORMAT parquet)")
    rows.with_name(f"{rows.name}.x").replace(rows)
    with pytest.raises(DataError, match="accepted 1, quarantined 0"):
        house.load()
    with pytest.raises(duckdb.CatalogException):
        house.query("SELECT * FROM raw.sales")


def test_money_that_is_not_in_the_landed_file_is_noticed(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1), sale("U2", 2)])
    rows = LandedPaths.of(house.settings.landed_dir, "sales", sha).rows
    with duckdb.connect() as con:
        more = f"SELECT * REPLACE (invoiced_sales + 0.01 AS invoiced_sales) FROM '{rows}'"
        con.execute(f"COPY ({more}) TO '{rows}.x' (FORMAT parquet)")
    rows.with_name(f"{rows.name}.x").replace(rows)
    with pytest.raises(DataError, match="does not add up"):
        house.load()


def test_a_landed_file_without_a_column_of_the_contract_is_named(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    rows = LandedPaths.of(house.settings.landed_dir, "sales", sha).rows
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT * EXCLUDE (tax_filing_kind) FROM '{rows}') TO '{rows}.x' (FORMAT parquet)")
    rows.with_name(f"{rows.name}.x").replace(rows)
    with pytest.raises(ConfigError, match=r"zhixiao upgrade sales --again"):
        house.load()


def test_a_report_that_is_not_json_is_not_landed(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    LandedPaths.of(house.settings.landed_dir, "sales", sha).report.write_text('{"source": ')
    assert house.load().not_landed == ["sales/2025-03-15/a.csv"]


def test_a_missing_landed_file_is_named(house: House) -> None:
    sha = house.drop("sales", "2025-03-15", "a.csv", [sale("U1", 1)])
    LandedPaths.of(house.settings.landed_dir, "sales", sha).rows.unlink()
    with pytest.raises(DataError, match=r"Delete the \.json of the same name"):
        house.load()


# --- decisions, contracts, lock


def decide(house: House, day: str, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = house.settings.raw_dir / "_decisions" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)
    return path


def test_decisions_arrive_as_rows_in_either_encoding(house: House) -> None:
    decide(house, "2025-03-01", "merge.csv", "signing_row_no,same_as,actor\n1,2,王\n\n3,4,李\n")
    decide(house, "2025-03-02", "quarantine-二.csv", "quarantine_id,reason\nabc,已核实\n", "gb18030")
    house.load()
    rows = house.query("SELECT kind, decided_on::VARCHAR, row_number, data::JSON FROM raw.decision ORDER BY 2, 3")
    assert [(r[0], r[1], r[2]) for r in rows] == [
        ("merge", "2025-03-01", 1),
        ("merge", "2025-03-01", 2),
        ("quarantine", "2025-03-02", 1),
    ]
    assert house.query("SELECT data->>'reason' FROM raw.decision WHERE kind = 'quarantine'") == [("已核实",)]
    assert not house.load().wrote


def test_an_appended_decision_is_read_and_a_removed_file_is_told(house: House) -> None:
    path = decide(house, "2025-03-01", "merge.csv", "a,b\n1,2\n")
    house.load()
    path.write_text("a,b\n1,2\n3,4\n")
    assert house.load().wrote
    assert house.query("SELECT count(*) FROM raw.decision") == [(2,)]
    path.unlink()
    result = house.load()
    assert result.removed_from_raw == ["_decisions/2025-03-01/merge.csv"]
    assert house.query("SELECT count(*) FROM raw.decision") == [(2,)]


def test_an_unreadable_decision_file_is_a_refused_row(house: House) -> None:
    path = decide(house, "2025-03-01", "merge.csv", "")
    path.write_bytes(b"\xff\xfe\x00\x00\xff")
    assert house.load().files_refused == 1
    assert house.query("SELECT source, file_name, status, reason_code FROM raw.load_log") == [
        ("_decisions", "merge.csv", "refused", "unreadable")
    ]


def test_contracts_stand_in_the_database(house: House) -> None:
    house.load()
    assert house.query("SELECT title_zh, mode, rhythm, due_day FROM raw.contract WHERE source = 'fai'") == [
        ("固定资产投资月报", "period", "monthly", 15)
    ]
    assert house.query("SELECT label_zh, unit FROM raw.contract_column WHERE column_name = 'signed_investment'") == [
        ("投资金额（亿元）", "万元")
    ]
    assert house.query("SELECT count(*) FROM raw.contract") == [(28,)]


def test_a_changed_table_is_written_anew(house: House) -> None:
    some_files(house)
    house.load()
    before = dump(house)
    with duckdb.connect(str(house.settings.work_db)) as con:
        con.execute("ALTER TABLE raw.sales DROP COLUMN company_name")
    assert house.load().wrote
    assert house.query("SELECT count(*) FROM raw.sales")[0][0] == len(before["sales"])


def test_a_work_database_in_use_is_a_lock_error(house: House) -> None:
    import subprocess
    import sys

    house.load()
    code = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(30)"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(house.settings.work_db)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(LockError, match="is open in another program"):
            house.load()
    finally:
        other.kill()
        other.wait()


def test_load_within_a_held_lock_passes_through(house: House) -> None:
    house.drop("filing", "2025-03-01", "f.csv", [filing("P1")])
    with warehouse_lock(house.settings, 0):
        assert house.load(wait_seconds=0).files_loaded == 1

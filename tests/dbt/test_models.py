"""The models below the funnel, built on a small district made by hand: what stands, what belongs together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.dbt.funnel_world import World, insert
from tests.dbt.runner import run_dbt
from zhixiao.contracts import load_contract, load_contracts
from zhixiao.settings import PROJECT_DIR
from zhixiao.warehouse.dbt_sources import stale
from zhixiao.warehouse.schema import create_raw

HERE, OTHER = "321204", "321203"
FILE_KEY = ("district_code", "received_on", "file_sha256")
NOW, EARLIER = date(2025, 6, 30), date(2025, 2, 28)
CODE = {n: f"2501-321204-89-01-00000{n}" for n in range(1, 8)}
ALPHA, BETA, GAMMA = "91321204MA1ALPHA0X", "91321204MA2BETA00X", "913212046088121467"


def d(month: int, day: int, year: int = 2025) -> date:
    return date(year, month, day)


class District:
    """Rows of schema raw, each in a file of its source and received day."""

    def __init__(self) -> None:
        self.world: World = defaultdict(list)
        self.row_number = 1

    def put(self, source: str, received_on: date, district: str = HERE, **values: Any) -> None:
        self.row_number += 1
        self.world[source].append(
            {
                "district_code": district,
                "received_on": received_on,
                "file_name": "a.csv",
                "file_sha256": f"{source}-{received_on}",
                "sheet": "",
                "row_number": self.row_number,
                "restates_by_key": False,
                **{k: Decimal(v) if type(v) is int else v for k, v in values.items()},
            }
        )

    def states(self, source: str, received_on: date, *scopes: str, district: str = HERE) -> None:
        for scope in scopes:
            self.world["delivery_scope"].append(
                {
                    "source": source, "district_code": district, "received_on": received_on, "scope": scope,
                    "file_sha256": f"{source}-{received_on}", "file_name": "a.csv",
                }
            )  # fmt: skip

    def log(self, source: str, received_on: date | None, rows: int, status: str = "loaded") -> None:
        self.world["load_log"].append(
            {
                "file_name": "a.csv", "file_sha256": f"{source}-{received_on}", "source": source,
                "district_code": HERE, "received_on": received_on, "status": status, "rows_accepted": rows,
                "money_accepted": Decimal(rows),
            }
        )  # fmt: skip

    def settle_the_log(self) -> None:
        """What the load log says of a file adds up to its rows."""
        for line in self.world["load_log"]:
            columns = load_contract(line["source"]).money_columns
            held = [r for r in self.world[line["source"]] if all(r[k] == line[k] for k in FILE_KEY)]
            money = sum((r[c] for r in held for c in columns if r.get(c) is not None), Decimal(0))
            line |= {
                "rows_accepted": len(held), "rows_read": len(held), "rows_quarantined": 0, "rows_control": 0,
                "rows_ignored": 0, "money_accepted": money, "money_read": money, "money_quarantined": Decimal(0),
            }  # fmt: skip


def make_district() -> World:
    w = District()
    # The ledger: Q1 grows and gets its code, Q2 is gone in March, Q3 never shows its code, Q4 is 在谈.
    rows: dict[date, list[dict[str, Any]]] = {
        d(1, 5): [
            {"signing_row_no": "Q1", "signed_investment": 4999, "uscc": ALPHA, "project_name": "阿尔法齿轮项目"},
            {"signing_row_no": "Q2", "signed_investment": 6000, "uscc": BETA, "project_name": "贝塔面料项目"},
            {"signing_row_no": "Q3", "signed_investment": 100000, "uscc": GAMMA, "project_name": "伽马电芯生产项目"},
        ],
        d(3, 5): [
            {
                "signing_row_no": "Q1", "signed_investment": 5000, "uscc": ALPHA, "project_name": "阿尔法齿轮项目",
                "project_code": f"{CODE[1]}、{CODE[2].replace('-', '－')}", "current_stage": "备案",
            },
            {"signing_row_no": "Q3", "signed_investment": 100000, "uscc": GAMMA, "project_name": "伽马电芯生产项目"},
            {"signing_row_no": "Q4", "signed_investment": 500000, "project_name": "在谈项目"},
        ],
    }  # fmt: skip
    for day, projects in rows.items():
        for p in projects:
            signed = None if p["signing_row_no"] == "Q4" else d(12, 20, 2024)
            w.put("signing", day, reporting_unit="开发区", signing_date=signed, industry_code="34", **p)
        w.states("signing", day, "*")
        w.log("signing", day, len(projects))
    # Another district, with the same number, the same board and the same firm.
    w.put("signing", d(1, 5), OTHER, signing_row_no="Q1", signed_investment=1, project_name="邻区项目", uscc=ALPHA,
          reporting_unit="开发区", signing_date=d(12, 21, 2024))  # fmt: skip
    w.states("signing", d(1, 5), "*", district=OTHER)

    # Filings: C1 and C2 of Q1, C3 alike in name to Q3, C4 of nobody.
    filing = {"submission_kind": "首次", "division_code": "321204110"}
    w.put("filing", d(2, 10), project_code=CODE[1], project_name="阿尔法齿轮项目", uscc=ALPHA,
          filing_date=d(1, 20), planned_investment=300, parcel_no="G1", **filing)  # fmt: skip
    w.put("filing", d(2, 10), project_code=CODE[2], project_name="阿尔法齿轮二期项目", uscc=ALPHA,
          filing_date=d(1, 25), planned_investment=200, **filing)  # fmt: skip
    w.put("filing", d(2, 10), project_code=CODE[3], project_name="伽马电芯生产线项目", uscc=GAMMA,
          filing_date=d(1, 26), planned_investment=99000, **filing)  # fmt: skip
    w.put("filing", d(2, 10), project_code=CODE[4], project_name="德尔塔项目", uscc="91321204MA4DELTA0X",
          filing_date=d(1, 27), planned_investment=70, **filing)  # fmt: skip
    w.put("filing", d(4, 10), project_code=CODE[1], project_name="阿尔法齿轮项目", uscc=ALPHA, filing_date=d(3, 1),
          planned_investment=400, parcel_no="G1", division_code="321204103", submission_kind="变更")  # fmt: skip
    w.put("filing", d(5, 10), project_code=CODE[4], project_name="德尔塔项目", uscc="91321204MA4DELTA0X",
          planned_investment=71, submission_kind="撤销")  # fmt: skip

    w.put("enterprise", d(1, 10), uscc=ALPHA, company_name="江苏阿尔法（姜堰）有限公司", industry_code="C3453")
    w.put("enterprise", d(1, 10), uscc=GAMMA, company_name="伽马电芯有限公司")
    w.states("enterprise", d(1, 10), "*")
    w.put("permit", d(3, 10), construction_permit_no="P1", project_code=CODE[1], construction_permit_date=d(2, 20))
    w.put("permit", d(3, 10), construction_permit_no="P2", project_code=CODE[5], construction_permit_date=d(2, 21),
          company_name="无人知公司", project_name="无人知项目")  # fmt: skip
    w.put("acceptance", d(5, 10), acceptance_record_no="Y1", construction_permit_no="P9",
          actual_completion_date=d(5, 1))  # fmt: skip
    w.put("land", d(3, 10), land_supervision_no="L1", company_name="江苏阿尔法(姜堰)有限公司", parcel_no="G1",
          division_name="姜堰区", land_area=30)  # fmt: skip
    w.put("land", d(3, 10), land_supervision_no="L2", company_name="伽马电芯有限公司", project_name="伽马电芯生产项目")
    w.put("land", d(3, 10), land_supervision_no="L3", company_name="外地公司")
    for month, day in ((3, 31), (4, 30)):
        w.put("power", d(month + 1, 10), stat_period=d(month, day), power_account_no="A1",
              company_name="江苏阿尔法〔姜堰〕有限公司 ", power_kwh=1)  # fmt: skip
        w.states("power", d(month + 1, 10), f"2025-{month:02}")

    # A recognition whose last word is its 撤销: the row before it stays, and nothing is lost.
    w.put("recognition", d(3, 20), signing_row_no="Q1", recognition_kind="开工", actual_date=d(3, 1),
          recognised_date=d(3, 15), result="通过")  # fmt: skip
    w.put("recognition", d(4, 20), signing_row_no="Q1", recognition_kind="开工", actual_date=d(3, 1),
          recognised_date=d(4, 15), result="撤销")  # fmt: skip

    # Investment: March is delivered twice, the second time without CODE[7] and with a corrected CODE[1].
    for day, codes in ((d(4, 10), {1: 10, 3: 20, 7: 5}), (d(5, 10), {1: 11, 3: 20})):
        for n, cum in codes.items():
            w.put("fai", day, stat_period=d(3, 31), project_code=CODE[n], investment_cum=cum, investment_month=1,
                  submission_kind="首次", uscc=GAMMA if n == 3 else ALPHA)  # fmt: skip
        w.states("fai", day, "2025-03")
        w.log("fai", day, len(codes))
    w.put("fai", d(5, 20), stat_period=d(3, 31), project_code=CODE[3], investment_cum=21, submission_kind="更正",
          restates_by_key=True, revision_reason="漏报")  # fmt: skip
    w.states("fai", d(5, 20), "2025-03")

    # Tax: one office is delivered again; a legacy id; a refund.
    for day, office, amounts in (
        (d(2, 10), "一分局", [1, 2]),
        (d(2, 10), "二分局", [5]),
        (d(3, 10), "一分局", [Decimal("0.123456"), Decimal("-0.023456")]),
    ):
        for amount in amounts:
            w.put("tax", day, stat_period=d(1, 31), collecting_office=office, uscc="321284608812146",
                  tax_item="增值税", tax_paid=amount, tax_treasury_date=d(1, 15))  # fmt: skip

    # What failed, what repaired it, and what a person said.
    w.world["quarantine"] = [
        {
            "quarantine_id": q, "file_sha256": "f", "source": source, "district_code": HERE, "received_on": d(1, 5),
            "row_number": 9, "reason_code": "date_unreadable", "row_key": key, "scope": "*",
        }
        for q, source, key in (("a", "signing", "Q4"), ("b", "signing", "Q9"), ("c", "signing", "Q8"))
    ]  # fmt: skip
    w.world["decision"] = [
        {
            "kind": "quarantine", "decided_on": d(4, 1), "file_name": "q.csv", "file_sha256": "q", "row_number": 1,
            "data": '{"quarantine_id": "c", "action": "waive", "reason": "重复填报", "actor": "王工"}',
        },
        {
            "kind": "link", "decided_on": d(4, 1), "file_name": "link.csv", "file_sha256": "l", "row_number": 1,
            "data": '{"key_kind": "land_supervision_no", "key_value": "L3", "project_id": "321204-Q4",'
                    ' "action": "link", "actor": "李工", "reason": "合同"}',
        },
    ]  # fmt: skip
    w.log("signing", None, 0, "refused")
    w.settle_the_log()
    w.world["contract"] = [
        {
            "source": c.source, "mode": c.mode, "rhythm": c.rhythm, "due_day": c.due_day, "due_month": c.due_month,
            "months_without_report": list(c.months_without_report),
        }
        for c in load_contracts().values()
    ]  # fmt: skip
    return w.world


@pytest.fixture(scope="module")
def raw_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "zhixiao.duckdb"
    world = make_district()
    contracts = world.pop("contract")
    with duckdb.connect(str(path)) as con:
        create_raw(con)
        insert(con, world)
        for row in contracts:
            columns = ", ".join(row)
            marks = ", ".join("?" * len(row))
            con.execute(f"insert into raw.contract ({columns}) values ({marks})", list(row.values()))
    return path


def _connect(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def now(raw_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Everything known. This build runs the whole project with all its unit tests."""
    scratch = tmp_path_factory.mktemp("now")
    path = scratch / raw_db.name
    path.write_bytes(raw_db.read_bytes())
    told = run_dbt(path, scratch, NOW, NOW, "build")
    assert told.returncode == 0, told.stdout + told.stderr
    yield from _connect(path)


@pytest.fixture(scope="module")
def earlier(raw_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same files, as of the end of February."""
    scratch = tmp_path_factory.mktemp("earlier")
    path = scratch / raw_db.name
    path.write_bytes(raw_db.read_bytes())
    selection = ("--select", "+dim_project", "+bridge_project_key", "+fct_tax", "+quarantine", "+load_log")
    told = run_dbt(
        path, scratch, EARLIER, EARLIER, "build", *selection, "--indirect-selection", "cautious",
        "--exclude-resource-type", "unit_test",
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    yield from _connect(path)


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_the_generated_files_follow_the_contracts() -> None:
    assert stale() == []


def test_every_model_and_published_column_is_described() -> None:
    """Each row is a ..., a Chinese label and a unit: what the dictionary is made from."""
    models = PROJECT_DIR / "dbt_project" / "models"
    described: dict[str, dict[str, Any]] = {}
    for path in models.rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            described[model["name"]] = model
    names = {p.stem for p in models.rglob("*") if p.suffix in (".sql", ".py")}
    assert set(described) == names
    for name, model in described.items():
        assert model["description"].startswith("Each row is "), name
    for folder in ("marts", "marts_public", "quality"):
        for path in (models / folder).glob("*.sql"):
            for column in described[path.stem]["columns"]:
                meta = column["config"]["meta"]
                assert column["description"] and column["data_type"], (path.stem, column["name"])
                assert meta["label_zh"] and "unit" in meta, (path.stem, column["name"])


def test_the_public_schema_names_nobody(now: duckdb.DuckDBPyConnection) -> None:
    """No column of a firm, a project or a row of a file, and no text that is one: the file of marts_public travels."""
    columns = rows(
        now, "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts_public'"
    )
    assert len({table for table, _, _ in columns}) >= 10
    telling = re.compile(
        "uscc|company|taxpayer|sha256|account|project_(id|code|name)|signing_row|supervision_no|permit_no|contract_no"
        "|^(sheet|row_number|file_name|source|parcel_no|evidence|investor|subject_id|expansion_no|payer|payee)$"
    )
    # There `source` is what the row is about, not where it was delivered.
    about_sources = {("mart_data_quality", "source"), ("mart_figure_vintage", "source")}
    assert {(t, c) for t, c, _ in columns if telling.search(c)} == about_sources
    names = {
        name
        for (name,) in rows(
            now,
            "select unnest([uscc, company_name]) from intermediate.int_enterprise union all"
            " select unnest([project_id, signing_row_no, project_code, project_name]) from intermediate.int_project",
        )
        if name
    }
    assert len(names) > 10
    for table, column, kind in columns:
        if kind == "VARCHAR":
            found = {v for (v,) in rows(now, f"select distinct {column} from marts_public.{table}")}
            assert not found & names, (table, column)


def test_current_projects(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select project_id, project_code, size_band, town, planned_investment, filing_date, withdrawn_on,"
        " is_in_ledger from marts.dim_project where is_current order by project_id",
    )
    assert found == [
        ("321203-Q1", None, "< 0.5", "未知", None, None, None, True),
        (f"321204-{CODE[4]}", CODE[4], None, "淤溪镇", 71, d(1, 27), None, False),
        (f"321204-{CODE[5]}", CODE[5], None, "未知", None, None, None, False),
        ("321204-Q1", CODE[1], "0.5-1", "顾高镇", 600, d(1, 20), None, True),
        ("321204-Q2", None, "0.5-1", "未知", None, None, d(3, 5), True),
        ("321204-Q3", CODE[3], "10-50", "淤溪镇", 99000, d(1, 26), None, True),
        ("321204-Q4", None, ">= 50", "未知", None, None, None, True),
    ]


def test_versions_follow_the_deliveries(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select valid_from, valid_to, signed_investment, planned_investment, withdrawn_on from marts.dim_project"
        " where project_id in ('321204-Q1', '321204-Q2') order by project_id, version_no",
    )
    assert found == [
        (d(1, 5), d(2, 10), 4999, None, None),
        (d(2, 10), d(3, 5), 4999, 500, None),
        (d(3, 5), d(4, 10), 5000, 500, None),
        (d(4, 10), None, 5000, 600, None),
        (d(1, 5), d(3, 5), 6000, None, None),
        (d(3, 5), None, 6000, None, d(3, 5)),
    ]


def test_keys_belong_to_projects(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select project_id, key_kind, key_value, match_method, confidence, decided_by from marts.bridge_project_key"
        " where key_kind <> 'uscc' order by 1, 2, 3",
    )
    loose4, loose5 = f"321204-{CODE[4]}", f"321204-{CODE[5]}"
    alike = found[[row[2] for row in found].index(CODE[3])][4]
    assert Decimal("0.85") < alike < 1
    assert found == [
        (loose4, "project_code", CODE[4], "exact_code", 1, "rule"),
        (loose5, "construction_permit_no", "P2", "exact_code", 1, "rule"),
        (loose5, "project_code", CODE[5], "exact_code", 1, "rule"),
        ("321204-Q1", "construction_permit_no", "P1", "exact_code", 1, "rule"),
        ("321204-Q1", "land_supervision_no", "L1", "exact_code", 1, "rule"),
        ("321204-Q1", "parcel_no", "G1", "exact_code", 1, "rule"),
        ("321204-Q1", "power_account_no", "A1", "name_similarity", Decimal("0.9"), "rule"),
        ("321204-Q1", "project_code", CODE[1], "exact_code", 1, "rule"),
        ("321204-Q1", "project_code", CODE[2], "exact_code", 1, "rule"),
        ("321204-Q3", "land_supervision_no", "L2", "name_similarity", 1, "rule"),
        ("321204-Q3", "project_code", CODE[3], "name_similarity", alike, "rule"),
        ("321204-Q4", "land_supervision_no", "L3", "manual", 1, "李工"),
    ]


def test_a_revoked_recognition_keeps_what_it_said(now: duckdb.DuckDBPyConnection) -> None:
    rows = now.execute(
        "select result, is_withdrawn, withdrawn_on from intermediate.int_recognition__current"
    ).fetchall()
    assert rows == [("通过", True, d(4, 15))]


def test_what_is_linked_to_nothing_is_listed(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now, "select source, key_kind, key_value, reason_code from quality.unlinked_key order by key_kind, key_value"
    )
    assert found == [
        ("acceptance", "acceptance_record_no", "Y1", "permit_unknown"),
        ("filing", "project_code", CODE[4], "no_candidate"),
        ("permit", "project_code", CODE[5], "no_candidate"),
    ]


def test_investment_is_restated(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select project_id, project_code, investment_cum, received_on, file_sha256 from marts.fct_investment_month"
        " order by project_code",
    )
    assert found == [
        ("321204-Q1", CODE[1], 11, d(5, 10), "fai-2025-05-10"),
        ("321204-Q3", CODE[3], 21, d(5, 20), "fai-2025-05-20"),
    ]


def test_tax_rows_stand_once_and_keep_the_fen(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select collecting_office, taxpayer_id, uscc, tax_paid, tax_paid_yuan from marts.fct_tax"
        " order by collecting_office, tax_paid",
    )
    legacy = "321284608812146"
    assert found == [
        ("一分局", legacy, GAMMA, Decimal("-0.0235"), Decimal("-234.56")),
        ("一分局", legacy, GAMMA, Decimal("0.1235"), Decimal("1234.56")),
        ("二分局", legacy, GAMMA, Decimal(5), Decimal(50000)),
    ]


def test_an_earlier_day_knows_less(earlier: duckdb.DuckDBPyConnection, now: duckdb.DuckDBPyConnection) -> None:
    projects = rows(
        earlier,
        "select project_id, signed_investment, planned_investment, withdrawn_on from marts.dim_project"
        " where is_current and district_code = '321204' order by project_id",
    )
    assert projects == [
        # No ledger row shows a code yet, but the names of one firm are alike.
        (f"321204-{CODE[4]}", None, 70, None),
        ("321204-Q1", 4999, 500, None),
        ("321204-Q2", 6000, None, None),
        ("321204-Q3", 100000, 99000, None),
    ]
    assert rows(earlier, "select sum(tax_paid) from marts.fct_tax") == [(8,)]
    # The vintage replays that day from what is known now.
    then = "select sum(value) from marts.mart_figure_vintage where figure = 'tax_paid' and known_on = '2025-02-28'"
    assert rows(now, then) == [(8,)]
    assert rows(earlier, "select state, count(*) from quality.quarantine group by all") == [("open", 3)]
    # A refused drop without a day is shown at every known_on.
    assert rows(earlier, "select source, received_on, status from quality.load_log order by 3, 2") == [
        ("signing", d(1, 5), "loaded"),
        ("signing", None, "refused"),
    ]


def test_quarantine_states(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(now, "select quarantine_id, state, state_changed_by, state_reason from quality.quarantine order by 1")
    assert found == [
        ("a", "superseded", "rule", "已由 2025-03-05 的报送更正 / repaired by the delivery of that day"),
        ("b", "open", None, None),
        ("c", "waived", "王工", "重复填报"),
    ]


def test_deliveries_against_the_calendar(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(now, "select source, period, due_on, received_on, status, rows from quality.delivery order by 1, 2, 4")
    assert found == [
        ("fai", "2025-03", d(4, 15), d(4, 10), "received", 3),
        ("fai", "2025-03", d(4, 15), d(5, 10), "received", 2),
        ("fai", "2025-04", d(5, 15), None, "missing", 0),
        ("fai", "2025-05", d(6, 15), None, "missing", 0),
        ("fai", "2025-06", d(7, 15), None, "expected", 0),
        ("signing", "2024-12", d(1, 15), d(1, 5), "received", 3),
        ("signing", "2025-01", d(2, 15), None, "missing", 0),
        ("signing", "2025-02", d(3, 15), d(3, 5), "received", 3),
        ("signing", "2025-03", d(4, 15), None, "missing", 0),
        ("signing", "2025-04", d(5, 15), None, "missing", 0),
        ("signing", "2025-05", d(6, 15), None, "missing", 0),
        ("signing", "2025-06", d(7, 15), None, "expected", 0),
    ]


@pytest.mark.parametrize(
    ("day", "is_working_day", "plan_name", "plan_year_no"),
    [
        (d(10, 1), False, "十四五", 5),
        # A make-up Sunday before the National Day of 2025.
        (d(9, 28), True, "十四五", 5),
        (d(9, 27), False, "十四五", 5),
        (d(1, 5, 2026), True, "十五五", 1),
    ],
)
def test_working_days_and_plan_years(
    now: duckdb.DuckDBPyConnection, day: date, is_working_day: bool, plan_name: str, plan_year_no: int
) -> None:
    sql = f"select is_working_day, plan_name, plan_year_no from marts.dim_date where date_day = '{day}'"
    assert rows(now, sql) == [(is_working_day, plan_name, plan_year_no)]


def test_working_days_between_two_days(now: duckdb.DuckDBPyConnection) -> None:
    """From the Friday before the National Day of 2025 to the Thursday after it: Sun, Mon, Tue, Thu."""
    sql = (
        "select max(working_day_no) - min(working_day_no) from marts.dim_date"
        " where date_day in ('2025-09-26', '2025-10-09')"
    )
    assert rows(now, sql) == [(4,)]


def test_firms_and_units(now: duckdb.DuckDBPyConnection) -> None:
    firms = rows(
        now,
        "select uscc, company_name, is_in_register, industry_section from marts.dim_enterprise"
        " where is_current and district_code = '321204' order by 1",
    )
    assert firms == [
        (GAMMA, "伽马电芯有限公司", True, None),
        (ALPHA, "江苏阿尔法（姜堰）有限公司", True, "C"),
        # The firm of a withdrawn project, which no registry and no other source knows.
        (BETA, None, False, None),
        ("91321204MA4DELTA0X", None, False, None),
    ]
    # Known from the ledger before the registry had it.
    sql = (
        "select version_no, valid_from, valid_to, source from marts.dim_enterprise"
        f" where uscc = '{ALPHA}' and district_code = '{HERE}' order by 1"
    )
    assert rows(now, sql) == [(1, d(1, 5), d(1, 10), "signing"), (2, d(1, 10), None, "enterprise")]
    sql = (
        "select unit_kind, count(*) from marts.dim_reporting_unit"
        " where is_listed and district_code = '321204' group by 1 order by 1"
    )
    units = rows(now, sql)
    assert units == [("park", 7), ("quasi_township_unit", 5), ("subdistrict", 4), ("town", 9)]


def test_published_columns_carry_their_label(now: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        now,
        "select table_name, column_name from duckdb_columns()"
        " where schema_name in ('marts', 'quality') and coalesce(comment, '') = ''",
    )
    assert found == []


def test_districts_stand_apart_and_add_up_to_the_whole(now: duckdb.DuckDBPyConnection) -> None:
    figure = (
        "select cut_value, numerator from marts.mart_funnel where cut_kind = '{}' and window_kind = 'all'"
        " and measure = 'signed' and form = 'cohort' and reading = 'claimed' and basis = '{}' and numerator > 0"
        " order by 1"
    )
    assert rows(now, figure.format("district", "count")) == [("全区", 3), ("姜堰区", 2), ("高港区", 1)]
    assert rows(now, figure.format("district", "amount")) == [("全区", 105001), ("姜堰区", 105000), ("高港区", 1)]
    assert rows(now, figure.format("reporting_unit", "count")) == [("开发区", 3)]
    firms = "select district_code, project_id, project_count from intermediate.int_firm__project where uscc = '{}'"
    assert rows(now, firms.format(ALPHA) + " order by 1") == [(OTHER, f"{OTHER}-Q1", 1), (HERE, f"{HERE}-Q1", 1)]
    assert rows(now, "select count(*) from marts.bridge_project_key where left(project_id, 6) <> district_code") == [
        (0,)
    ]


def test_an_investment_that_was_restated_says_what_it_was(now: duckdb.DuckDBPyConnection) -> None:
    """March of CODE[1] and CODE[3] was corrected, CODE[7] was left out of the second delivery."""
    found = rows(
        now,
        "select record_key, revision_no, revision_kind, old_value, new_value, old_received_on, received_on,"
        " submission_kind, revision_reason, file_sha256 from marts.fct_figure_revision"
        " where source = 'fai' and figure = 'investment_cum' order by 1, 2",
    )
    april, may, late = d(4, 10), d(5, 10), d(5, 20)
    assert found == [
        (f"2025-03-31|{CODE[1]}", 1, "restated", 10, 11, april, may, "首次", None, "fai-2025-05-10"),
        (f"2025-03-31|{CODE[3]}", 1, "restated", 20, 21, april, late, "更正", "漏报", "fai-2025-05-20"),
        (f"2025-03-31|{CODE[7]}", 1, "withdrawn", 5, None, april, may, None, None, "fai-2025-05-10"),
    ]
    vintage = rows(
        now,
        "select known_on, sum(value), sum(row_count) from marts.mart_figure_vintage"
        " where source = 'fai' and figure = 'investment_cum' group by 1 order by 1",
    )
    assert vintage == [(d(4, 30), 35, 3), (d(5, 31), 32, 2), (d(6, 30), 32, 2)]

"""What people decided about received rows, seen through the published tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.funnel_world import insert
from tests.dbt.runner import run_dbt
from tests.dbt.test_models import HERE, District
from zhixiao import cli
from zhixiao.contracts import load_contracts
from zhixiao.settings import Settings
from zhixiao.warehouse.decisions import read_decisions
from zhixiao.warehouse.load import _write_contracts
from zhixiao.warehouse.schema import create_raw

NOW, DECIDED = date(2025, 6, 30), date(2025, 4, 1)
A, B, C = "91321204MA1ALPHA0X", "91321204MA2BETA00X", "913212046088121467"
CODE = {n: f"2501-321204-89-01-00000{n}" for n in range(1, 8)}


def day(month: int, of_month: int) -> date:
    return date(2025, month, of_month)


def make_world() -> District:
    w = District()
    for received in (day(1, 5), day(3, 5)):
        for no, amount, uscc, code in (
            ("Q1", 5000, A, CODE[1]),
            ("Q2", 700, B, CODE[2]),
            ("Q3", 900 if received == day(1, 5) else 950, C, None),
            ("Q4", 100, C, None),
        ):
            w.put("signing", received, signing_row_no=no, signed_investment=amount, uscc=uscc, project_code=code,
                  project_name=f"{no}项目", reporting_unit="开发区", signing_date=date(2024, 12, 20))  # fmt: skip
        w.states("signing", received, "*")
    w.put("agreement", day(2, 5), signing_row_no="Q1", agreed_investment=1)
    w.put("agreement", day(2, 5), signing_row_no="Q2", agreed_investment=2)
    w.states("agreement", day(2, 5), "*")
    for n, uscc in ((1, A), (2, B), (3, C), (4, C), (5, C)):
        w.put("filing", day(2, 10), project_code=CODE[n], uscc=uscc, filing_date=day(1, 20), planned_investment=10 * n,
              submission_kind="首次", project_name=f"{n}号工程")  # fmt: skip
    w.put("recognition", day(3, 20), signing_row_no="Q2", recognition_kind="开工", actual_date=day(3, 1),
          recognised_date=day(3, 15), result="通过")  # fmt: skip
    for uscc in (A, B):
        w.put("tax", day(2, 10), stat_period=day(1, 31), collecting_office="一分局", uscc=uscc, tax_item="增值税",
              tax_paid=3, tax_treasury_date=day(1, 15))  # fmt: skip
        w.put("sales", day(2, 10), stat_period=day(1, 31), uscc=uscc, invoiced_sales=7)
    w.put("sales", day(3, 10), stat_period=day(2, 28), uscc=B, invoiced_sales=8)
    w.states("sales", day(2, 10), "2025-01")
    w.states("sales", day(3, 10), "2025-02")
    w.states("tax", day(2, 10), "2025-01|一分局")
    return w


CORRECTIONS: list[dict[str, str]] = [
    # applied: typed equality, then a second correction on top of the first
    {"source": "signing", "key": "Q1", "column": "signed_investment", "old": "5,000.00", "new": "6000"},
    {"source": "signing", "key": "Q1", "column": "signed_investment", "old": "6000", "new": "6500.5"},
    # an empty cell, and a date
    {"source": "signing", "key": "Q4", "column": "filing_date", "old": "", "new": "2025-02-01"},
    {"source": "filing", "key": CODE[3], "column": "planned_investment", "old": "30", "new": "33"},
    # the department said otherwise meanwhile
    {"source": "signing", "key": "Q3", "column": "signed_investment", "old": "900", "new": "1"},
    {"source": "signing", "key": "Q9", "column": "signed_investment", "old": "1", "new": "2"},
    {"source": "signing", "key": "Q1", "column": "no_such", "old": "1", "new": "2"},
    {"source": "nothing", "key": "Q1", "column": "signed_investment", "old": "1", "new": "2"},
    {"source": "signing", "key": "Q1", "column": "signing_row_no", "old": "Q1", "new": "Q7"},
    {"source": "signing", "key": "Q4", "column": "signed_investment", "old": "100", "new": "a hundred"},
    {"source": "signing", "key": "Q4", "column": "capital_kind", "old": "", "new": "别的"},
    {"source": "signing", "key": "Q4", "column": "signed_investment", "old": "100", "new": "1", "reason": ""},
    {
        "source": "signing",
        "key": "Q4",
        "column": "signed_investment",
        "old": "100",
        "new": "1",
        "editor": "",
        "actor": "",
    },
]
OUTCOMES = [
    "applied", "applied", "applied", "applied", "old_value_gone", "key_unknown", "column_unknown", "column_unknown",
    "key_column", "unreadable", "unreadable", "missing_reason", "missing_reason",
]  # fmt: skip


def decided(kind: str, rows: list[dict[str, str]], on: date = DECIDED) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind, "decided_on": on, "file_name": f"{kind}.csv", "file_sha256": f"{kind}-{on}", "row_number": i,
            "data": json.dumps({"editor": "王工", "actor": "王工", "reason": "核对协议原件", **r}, ensure_ascii=False),
        }
        for i, r in enumerate(rows, start=1)
    ]  # fmt: skip


DECISIONS = [
    *decided("correction", CORRECTIONS),
    # known only after the day of this build
    *decided("correction", [{**CORRECTIONS[0], "old": "6500.5", "new": "1"}], day(7, 1)),
    *decided(
        "merge",
        [
            {"entity": "project", "from_id": f"{HERE}-Q2", "into_id": f"{HERE}-Q1"},
            {"entity": "firm", "from_id": B, "into_id": A},
            {"entity": "project", "from_id": f"{HERE}-{CODE[5]}", "into_id": f"{HERE}-{CODE[4]}"},
            {"entity": "project", "from_id": f"{HERE}-Q3", "into_id": f"{HERE}-Q4"},
            {"entity": "project", "from_id": f"{HERE}-Q99", "into_id": f"{HERE}-Q1"},
            {"entity": "project", "from_id": f"{HERE}-Q4", "into_id": f"{HERE}-Q1", "reason": ""},
        ],
    ),
    *decided(
        "merge",
        [{"entity": "project", "from_id": f"{HERE}-Q3", "into_id": f"{HERE}-Q4", "action": "unmerge"}],
        day(4, 2),
    ),
    *decided(
        "link",
        [
            {"key_kind": "project_code", "key_value": CODE[3], "project_id": f"{HERE}-Q3", "action": "link"},
            # said of Q2 before it went into Q1
            {"key_kind": "project_code", "key_value": CODE[2], "project_id": f"{HERE}-Q2", "action": "link"},
        ],
        day(2, 20),
    ),
]


D = "91321204MA3GAMMA0X"
FEBRUARY = {"stat_period": "2025-02-28", "uscc": D, "invoiced_sales": "-9.500000", "company_name": "丁"}
QUARANTINE: list[dict[str, Any]] = [
    {"quarantine_id": q, "source": "sales", "district_code": HERE, "received_on": day(3, 10), "file_name": "s.csv",
     "file_sha256": "sales-2025-03-10", "sheet": "", "row_number": row, "column_name": "invoiced_sales",
     "reason_code": "out_of_bounds"}
    for q, row in (("whole", 91), ("half", 92), ("other half", 92), ("known key", 93), ("later", 94), ("waived", 95))
]  # fmt: skip


def about_cell(cell: str, action: str, uscc: str, n: int, on: date = DECIDED) -> dict[str, Any]:
    held = json.dumps({**FEBRUARY, "uscc": uscc}, ensure_ascii=False) if action == "release" else ""
    (made,) = decided("quarantine", [{"quarantine_id": cell, "action": action, "row": held}], on)
    return {**made, "row_number": n}


DECISIONS += [
    about_cell("whole", "release", D, 1),
    # one of the two cells of its row
    about_cell("half", "release", "91321204MA4DELTA0X", 2),
    # B says 8 in that delivery
    about_cell("known key", "release", B, 3),
    about_cell("later", "release", "91321204MA5EPSIL0X", 1, day(7, 1)),
    about_cell("waived", "release", "91321204MA6ZETA00X", 4),
    about_cell("waived", "waive", "", 5),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    scratch = tmp_path_factory.mktemp("decisions")
    house = Settings(scratch / "raw", scratch / "warehouse", settle_seconds=0)
    path = house.work_db
    path.parent.mkdir(parents=True)
    world = make_world().world
    world["decision"] = DECISIONS
    world["quarantine"] = QUARANTINE
    with duckdb.connect(str(path)) as db:
        create_raw(db)
        insert(db, world)
        _write_contracts(db, load_contracts())
    tables = ("dim_project", "dim_enterprise", "mart_funnel", "fct_tax", "fct_stage_event", "bridge_project_key",
              "correction", "merge", "quarantine", "int_agreement__current", "int_sales__current")  # fmt: skip
    selection = (
        "build",
        "--select",
        *(f"+{t}" for t in tables),
        "--exclude-resource-type",
        "unit_test",
        "--exclude-resource-type",
        "test",
    )
    told = run_dbt(path, scratch, NOW, NOW, *selection)
    assert told.returncode == 0, told.stdout + told.stderr
    return house


@pytest.fixture
def con(built: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.work_db), read_only=True) as db:
        yield db


@pytest.fixture
def house(built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same built warehouse, with a drop zone of the test's own."""
    s = Settings(tmp_path / "raw", built.warehouse_dir, settle_seconds=0)
    for name, value in s.to_env().items():
        monkeypatch.setenv(name, value)
    return s


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_every_correction_says_what_became_of_it(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "select outcome, outcome_zh from quality.correction order by decision_row")
    assert [o for o, _ in found] == OUTCOMES
    assert dict(found)["old_value_gone"] == "未生效：现值已不是原值（部门已改报或另有更正）"


def test_a_correction_names_the_row_as_it_was_delivered(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        con,
        "select old_value, new_value, value_stands, editor, reason, file_sha256, row_number from quality.correction "
        "where decision_row in (1, 5) order by decision_row",
    )
    assert found == [
        ("5,000.00", "6000", "6500.500000", "王工", "核对协议原件", "signing-2025-03-05", 6),
        ("900", "1", "950.000000", "王工", "核对协议原件", "signing-2025-03-05", 8),
    ]
    # the older delivery of the key is corrected too
    acted = "select list_transform(acted_rows, lambda x: (x.file_sha256, x.row_number)) from quality.correction"
    assert rows(con, f"{acted} where decision_row = 1") == [([("signing-2025-01-05", 2), ("signing-2025-03-05", 6)],)]
    # what was delivered is still there
    assert rows(con, "select signed_investment from raw.signing where signing_row_no = 'Q1' order by received_on") == [
        (Decimal(5000),),
        (Decimal(5000),),
    ]


def test_corrections_reach_dimension_and_funnel(con: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "select signing_row_no, signed_investment, register_filing_date from marts.dim_project "
        "where valid_to is null and is_in_ledger order by 1"
    )
    assert rows(con, sql) == [
        ("Q1", Decimal("6500.5"), None),
        ("Q3", Decimal(950), None),
        ("Q4", Decimal(100), day(2, 1)),
    ]
    sql = (
        "select numerator from marts.mart_funnel where cut_kind = 'district' and window_kind = 'all' and "
        "measure = 'signed' and reading = 'claimed' and variant = 'main' and form = 'cohort' order by basis"
    )
    assert rows(con, sql) == [(Decimal("7550.5"),), (Decimal(3),)]


def test_two_projects_are_one_with_all_codes(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select key_value, project_id from marts.bridge_project_key where key_kind = 'project_code' order by 1, 2"
    assert rows(con, sql) == [
        (CODE[1], f"{HERE}-Q1"),
        (CODE[2], f"{HERE}-Q1"),
        (CODE[3], f"{HERE}-Q3"),
        (CODE[4], f"{HERE}-{CODE[4]}"),
        (CODE[5], f"{HERE}-{CODE[4]}"),
    ]
    sql = (
        "select project_id, project_code, planned_investment from marts.dim_project where valid_to is null "
        "and not is_in_ledger"
    )
    # two codes without a ledger row: 40 + 50 of one project
    assert rows(con, sql) == [(f"{HERE}-{CODE[4]}", CODE[4], Decimal(90))]
    sql = "select planned_investment from marts.dim_project where valid_to is null and signing_row_no = 'Q1'"
    assert rows(con, sql) == [(Decimal(30),)]
    # the recognition of the one that went is the project's now, its own agreement counts
    sql = "select project_id from marts.fct_stage_event where stage_no = 3 and reading = 'claimed'"
    assert rows(con, sql) == [(f"{HERE}-Q1",)]
    assert rows(con, "select signing_row_no, agreed_investment from intermediate.int_agreement__current") == [
        ("Q1", Decimal(1))
    ]


def test_two_firms_are_one_and_no_money_is_lost(con: duckdb.DuckDBPyConnection) -> None:
    assert rows(con, "select uscc, sum(tax_paid) from marts.fct_tax group by 1") == [(A, Decimal(6))]
    sql = "select stat_period, uscc, invoiced_sales from intermediate.int_sales__current order by 1, 2"
    # January was reported by both: that row stays under its own code
    assert rows(con, sql) == [
        (day(1, 31), A, 7),
        (day(1, 31), B, 7),
        (day(2, 28), A, 8),
        (day(2, 28), D, Decimal("-9.5")),
    ]


def test_a_released_row_is_delivered_and_says_so(con: duckdb.DuckDBPyConnection) -> None:
    """The whole row, once all its cells are released, known by then, and its key stands nowhere else."""
    sql = "select uscc, company_name, row_number, received_on, marks from staging.stg_sales where row_number > 90"
    assert rows(con, sql) == [(D, "丁", 91, day(3, 10), ["released"])]
    found = rows(con, "select quarantine_id, state, state_changed_by from quality.quarantine order by quarantine_id")
    assert found == [
        ("half", "released", "王工"),
        ("known key", "released", "王工"),
        ("later", "open", None),
        ("other half", "open", None),
        ("waived", "waived", "王工"),
        ("whole", "released", "王工"),
    ]


def test_every_merge_says_what_became_of_it(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "select from_id, outcome from quality.merge order by decided_on, decision_row")
    assert found == [
        (f"{HERE}-Q2", "applied"),
        (B, "applied"),
        (f"{HERE}-{CODE[5]}", "applied"),
        (f"{HERE}-Q3", "decided_again"),
        (f"{HERE}-Q99", "key_unknown"),
        (f"{HERE}-Q4", "missing_reason"),
        (f"{HERE}-Q3", "unmerged"),
    ]


# --- the commands

BY = ["--actor", "李工", "--reason", "核对原件", "--day", "2025-07-02"]


def written(house: Settings) -> list[tuple[str, dict[str, str]]]:
    return [(d.kind, json.loads(row)) for d in read_decisions(house.raw_dir) for row in d.rows]


def test_correct_shows_what_changes_and_writes_the_row(house: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["correct", "signing", "Q3", "signed_investment", "950", "955", *BY]) == 0
    out = capsys.readouterr().out
    assert "950.000000 -> 955.000000" in out
    assert "raw/signing/2025-03-05/a.csv" in out
    assert "marts.dim_project: 3 行以它为据" in out
    assert written(house) == [
        (
            "correction",
            {
                "district_code": HERE, "source": "signing", "key": "Q3", "column": "signed_investment", "old": "950",
                "new": "955", "reason": "核对原件", "editor": "李工", "date": "2025-07-02",
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["signing", "Q3", "signed_investment", "900", "955"], "is '950.000000' now, not '900'"),
        (["signing", "Q9", "signed_investment", "900", "955"], "no row of signing with the key Q9 stands"),
        (["signing", "Q3", "signing_row_no", "Q3", "Q4"], "part of the key"),
        (["tax", "x", "stat_period", "2025-01-31", "2025-02-28"], "part of the key"),
        (["signing", "Q3", "signed_investment", "950", "many"], "is no value of signed_investment"),
        (["signing", "Q3", "signed_investment", "950", "950.0"], "the same value"),
        (["signing", "Q3", "nope", "950", "955"], "has no column nope"),
        (["nope", "Q3", "nope", "950", "955"], "there is no source nope"),
    ],
)
def test_a_correction_that_would_not_act_is_not_written(
    house: Settings, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert cli.main(["correct", *arguments, *BY]) == 1
    assert words in capsys.readouterr().err
    assert written(house) == []


def test_a_correction_needs_editor_and_reason(house: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    what = ["correct", "signing", "Q3", "signed_investment", "950", "955", "--day", "2025-07-02"]
    assert cli.main([*what, "--actor", "李工", "--reason", " "]) == 1
    assert "needs its reason" in capsys.readouterr().err
    assert cli.main([*what, "--actor", " ", "--reason", "x"]) == 1
    assert "needs its editor" in capsys.readouterr().err
    assert written(house) == []


def test_merge_and_split(house: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["merge", "project", f"{HERE}-Q4", f"{HERE}-Q3", *BY]) == 0
    assert f"{HERE}-Q4 Q4项目" in capsys.readouterr().out
    assert cli.main(["merge", "firm", C, A, "--undo", *BY]) == 0
    # a bare code that belongs to a ledger project is a link; one that was linked wrongly is let go
    assert cli.main(["merge", "project", f"{HERE}-{CODE[4]}", f"{HERE}-Q3", *BY]) == 0
    assert cli.main(["split", CODE[3], f"{HERE}-Q3", *BY]) == 0
    by = {"actor": "李工", "reason": "核对原件"}
    assert written(house) == [
        (
            "link",
            {"key_kind": "project_code", "key_value": CODE[4], "project_id": f"{HERE}-Q3", "action": "link", **by},
        ),
        (
            "link",
            {"key_kind": "project_code", "key_value": CODE[3], "project_id": f"{HERE}-Q3", "action": "unlink", **by},
        ),
        ("merge", {"entity": "firm", "from_id": C, "into_id": A, "action": "unmerge", **by}),
        ("merge", {"entity": "project", "from_id": f"{HERE}-Q4", "into_id": f"{HERE}-Q3", "action": "merge", **by}),
    ]
    capsys.readouterr()
    for arguments, words in (
        (["merge", "project", f"{HERE}-Q4", f"{HERE}-{CODE[4]}"], "has no ledger row"),
        (["merge", "project", f"{HERE}-Q4", f"{HERE}-Q77"], "there is no"),
        (["split", CODE[3], f"{HERE}-Q1"], "is not linked to"),
    ):
        assert cli.main([*arguments, *BY]) == 1
        assert words in capsys.readouterr().err

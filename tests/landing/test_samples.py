"""Every file of the sample district, of the refused ones, and of the real land results, one by one."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.landing.shared import SHARED, needs_shared
from zhixiao.contracts import load_contract
from zhixiao.landing import land_drop
from zhixiao.landing.discover import discover
from zhixiao.landing.land import land_file
from zhixiao.landing.report import Drop, FileReport, LandedPaths
from zhixiao.settings import Settings


def holds(report: FileReport) -> bool:
    """The accounting identity of rows and money."""
    rows = (report.rows_accepted, report.rows_quarantined, report.rows_control, report.rows_ignored)
    assert report.rows_read is not None and report.money_read is not None
    assert report.money_accepted is not None and report.money_quarantined is not None
    return report.rows_read == sum(r or 0 for r in rows) and report.money_read == (
        report.money_accepted + report.money_quarantined
    )


@pytest.fixture(scope="module")
def landed(
    tmp_path_factory: pytest.TempPathFactory, sample_raw: Path
) -> dict[str, tuple[Drop, FileReport, LandedPaths]]:
    settings = Settings(sample_raw, tmp_path_factory.mktemp("warehouse"), settle_seconds=0)
    found = discover(settings)
    assert not found.refused
    out = {}
    for drop in found.drops:
        paths = LandedPaths.of(settings.landed_dir, drop.source, drop.sha256)
        out[f"{drop.source}/{drop.received_on}/{drop.file_name}"] = (drop, land_drop(settings, drop), paths)
    return out


Landed = dict[str, tuple[Drop, FileReport, LandedPaths]]


def test_every_file_of_the_sample_lands_and_adds_up(landed: Landed) -> None:
    assert len(landed) == 62
    assert [k for k, (_, r, _) in landed.items() if r.status != "landed"] == []
    assert [k for k, (_, r, _) in landed.items() if not holds(r)] == []
    for _, report, paths in landed.values():
        assert duckdb.execute("select count(*) from read_parquet(?)", [str(paths.rows)]).fetchone() == (
            report.rows_accepted,
        )
        assert duckdb.execute(
            "select count(distinct (sheet, row_number)) from read_parquet(?)", [str(paths.rejects)]
        ).fetchone() == (report.rows_quarantined,)


# read, accepted, quarantined, control, ignored, money read in 万元: counted by hand in the files.
COUNTS = {
    "signing/2024-03-04/签约项目台账（截至2024年2月）.xlsx": (7, 3, 2, 0, 2),
    "signing/2024-10-08/签约项目台账（截至2024年9月）.xlsx": (14, 14, 0, 0, 0),
    "fai/2024-10-12/列统情况表（表二）2024年9月.xlsx": (9, 2, 3, 3, 1),
    "enterprise/2025-07-10/市场主体登记信息2025Q2.xlsx": (34, 31, 2, 0, 1),
    "tax/2024-10-08/入库税收明细2024年9月.csv": (32, 30, 2, 0, 0),
    "tax/2025-11-10/入库税收明细2025年10月（二）.csv": (74, 73, 0, 0, 1),
    "tax_summary/2024-03-08/税收汇总表2024年2月.xlsx": (19, 18, 0, 1, 0),
    "acceptance/2025-11-11/竣工验收备案2025年10月.csv": (2, 1, 0, 1, 0),
    "land/2025-05-12/土地供应结果2025年4月.csv": (3, 1, 2, 0, 0),
    "target/2024-03-25/2024年度项目建设目标任务.xls": (96, 96, 0, 0, 0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_rows_are_told_apart(landed: Landed, name: str) -> None:
    r = landed[name][1]
    assert (r.rows_read, r.rows_accepted, r.rows_quarantined, r.rows_control, r.rows_ignored) == COUNTS[name]


def test_units_come_from_header_banner_or_contract(landed: Landed) -> None:
    fai = landed["fai/2024-10-12/列统情况表（表二）2024年9月.xlsx"][1]
    assert (fai.columns["planned_investment"].unit, fai.columns["investment_cum"].unit) == ("万元", "元")
    rows = duckdb.execute(
        "select planned_investment, investment_cum, investment_cum_text, investment_cum_unit from read_parquet(?)"
        " where project_code = '2406-321204-89-03-102222'",
        [str(landed["fai/2024-10-12/列统情况表（表二）2024年9月.xlsx"][2].rows)],
    ).fetchall()
    assert rows == [(Decimal("4680"), Decimal("662"), "6620000", "元")]


def test_merged_cells_fill_down_inside_the_merge_only(landed: Landed) -> None:
    paths = landed["signing/2024-10-08/签约项目台账（截至2024年9月）.xlsx"][2]
    rows = duckdb.execute(
        "select row_number, reporting_unit from read_parquet(?) order by row_number", [str(paths.rows)]
    ).fetchall()
    units = dict(rows)
    assert units[7] == units[8] and units[11] == units[12] and units[18] == units[19] == "高新区"
    assert None not in units.values()


def test_persons_never_pass(landed: Landed) -> None:
    everything = [
        p for _, _, paths in landed.values() for p in (paths.rows, paths.rejects, paths.controls, paths.report)
    ]
    blob = b"".join(p.read_bytes() for p in everything)
    assert "钱七样".encode() not in blob
    dropped = Counter(name for _, r, _ in landed.values() for name in r.personal_columns)
    assert dropped == {"联系电话": 5, "联系人": 5}


def test_landing_again_gives_the_stored_report(landed: Landed, sample_raw: Path, tmp_path: Path) -> None:
    drop, report, paths = landed["sales/2024-02-18/工业开票销售情况2024年1月.csv"]
    settings = Settings(sample_raw, paths.rows.parents[2], settle_seconds=0)
    before = paths.rows.stat().st_mtime_ns
    assert land_drop(settings, drop) == report
    assert paths.rows.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ("output/2025-07-15", "unreadable"),
        ("power/2026-01-08", "unreadable"),
        ("signing/2024-09-04", "unreadable"),
        ("submission_log/2026-01-19", "header_not_found"),
    ],
)
def test_files_to_be_refused_are(refused_raw: Path, tmp_path: Path, folder: str, code: str) -> None:
    (path,) = (refused_raw / folder).iterdir()
    settings = Settings(refused_raw, tmp_path, settle_seconds=0)
    contract = load_contract(folder.split("/")[0])
    report = land_file(settings, contract, path, None, "0" * 64, LandedPaths.of(tmp_path, contract.source, "0" * 64))
    assert (report.status, report.reason_code) == ("refused", code)
    assert report.reason_zh and report.reason_en and report.rows_read is None and report.money_read is None


@needs_shared
def test_real_land_results_land_or_are_refused_for_the_right_reason(tmp_path: Path) -> None:
    outcomes: dict[str, FileReport] = {}
    settings = Settings(tmp_path, tmp_path / "warehouse", settle_seconds=0)
    for n, path in enumerate(sorted((SHARED / "samples" / "real" / "cn_land").rglob("*.*"))):
        if path.is_file():
            paths = LandedPaths.of(settings.landed_dir, "land", f"{n:064d}")
            outcomes[path.name] = land_file(settings, load_contract("land"), path, None, f"{n:064d}", paths)
    assert len(outcomes) == 30
    refused = {name: r.reason_code for name, r in outcomes.items() if r.status == "refused"}
    # The register of 2016-01 has no 电子监管号, the key of the source.
    assert refused == {"landchina_supply_201601.xls": "column_missing"}
    assert all(holds(r) for r in outcomes.values() if r.status == "landed")
    pipe = outcomes["landchina_201906_jieguo_pipe.txt"]
    assert (pipe.rows_read, pipe.rows_accepted, pipe.rows_quarantined) == (30, 21, 9)
    february = outcomes["landchina_2005-02-1~2005-02-28.xls"]
    assert (february.rows_read, february.rows_accepted, february.rows_quarantined) == (1719, 7, 1712)

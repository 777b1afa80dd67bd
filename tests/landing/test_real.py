"""Real public data through landing: registered firms, permits and tax rows that nobody here wrote.

The samples lie beside the repository (`../shared/samples/real`); they are written out under our headers, with
their values untouched, and landed.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from tests.landing.shared import SHARED, needs_shared
from zhixiao.contracts import load_contract
from zhixiao.identifiers import uscc_fault
from zhixiao.landing.land import land_file
from zhixiao.landing.report import FileReport, LandedPaths
from zhixiao.settings import Settings

REAL = SHARED / "samples" / "real"
PERMITS = REAL / "cn_permits" / "jiangsu_planning_construction_permits_sample.json"
pytestmark = needs_shared


def land(
    tmp_path: Path, source: str, header: list[str], rows: list[list[str]], above: str = ""
) -> tuple[FileReport, LandedPaths]:
    path = tmp_path / f"{source}.csv"
    with path.open("w", encoding="gb18030", newline="") as f:
        f.write(above)
        csv.writer(f).writerows([header, *rows])
    settings = Settings(tmp_path, tmp_path / "warehouse", settle_seconds=0)
    paths = LandedPaths.of(settings.landed_dir, source, "0" * 64)
    return land_file(settings, load_contract(source), path, None, "0" * 64, paths), paths


def test_tax_rows_keep_corrections_and_duplicates(tmp_path: Path) -> None:
    with (REAL / "cn_tax" / "ccf469_tax_info_sample.csv").open(encoding="utf-8", newline="") as f:
        real = list(csv.DictReader(f))
    header = [
        "社会信用代码（纳税人识别号）", "纳税人名称", "征收项目", "征收品目", "税款所属期起", "税款所属期止",
        "计税依据", "入库税额", "入库日期",
    ]  # fmt: skip
    rows = [
        ["91321200608812146K", "样本有限公司", r["TAX_CATEGORIES"], r["TAX_ITEMS"], r["START_DATE"], r["END_DATE"],
         r["TAXATION_BASIS"], r["TAX_AMOUNT"], r["END_DATE"]]
        for r in real
    ]  # fmt: skip
    report, paths = land(tmp_path, "tax", header, rows, above="金额单位：元\n")
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (len(real), len(real), 0)

    cent = Decimal("0.01")
    amounts = [Decimal(r["TAX_AMOUNT"] or "0").quantize(cent, ROUND_HALF_UP) / 10_000 for r in real]
    landed = duckdb.execute(
        "select sum(tax_paid), count(*) filter (tax_paid < 0), count(distinct tax_treasury_date),"
        " min(stat_period) from read_parquet(?)",
        [str(paths.rows)],
    ).fetchone()
    assert landed is not None
    assert landed[0] == sum(amounts)
    assert landed[1] == sum(a < 0 for a in amounts) > 0
    assert landed[2] == len({r["END_DATE"] for r in real})
    assert max(Counter(tuple(r) for r in rows).values()) > 1


def test_registered_firms_in_six_notations_of_capital(tmp_path: Path) -> None:
    path = REAL / "cn_registry" / "taizhou_registry_pre2000_sample.csv"
    with path.open(encoding="gb18030", newline="") as f:
        real = list(csv.DictReader(f))
    rows = [[r["统一社会信用代码"], r["企业名称"], "2001-01-01", r["注册资金"]] for r in real]
    report, paths = land(tmp_path, "enterprise", ["统一社会信用代码", "企业名称", "成立日期", "注册资本"], rows)
    eighteen = [i for i, r in enumerate(real) if uscc_fault(r["统一社会信用代码"]) is None]
    assert report.rows_accepted == len(eighteen) > 300

    def capital(text: str) -> Decimal | None:
        """An independent reading: a figure in 万, of yuan or of dollars at 7.2."""
        if text in ("", "N/A", "-"):
            return None
        figure = Decimal(re.sub(r"[^\d.]", "", text))
        return figure * Decimal("7.2") if "美元" in text else figure

    landed = dict(
        duckdb.execute("select row_number, registered_capital from read_parquet(?)", [str(paths.rows)]).fetchall()
    )
    assert landed == {i + 2: capital(real[i]["注册资金"]) for i in eighteen}
    reasons = duckdb.execute(
        "select reason_code, count(*) from read_parquet(?) where column_name = 'uscc' group by 1", [str(paths.rejects)]
    ).fetchall()
    assert reasons == [("uscc_length", len(real) - len(eighteen))]


def test_firms_of_before_1990_are_out_of_bounds(tmp_path: Path) -> None:
    rows = [["91321200608812146K", "样本有限公司", "1979-10-13", "230(万元人民币)"]]
    report, paths = land(tmp_path, "enterprise", ["统一社会信用代码", "企业名称", "成立日期", "注册资本"], rows)
    assert report.rows_quarantined == 1
    assert duckdb.execute(
        "select column_name, reason_code, cell_text from read_parquet(?)", [str(paths.rejects)]
    ).fetchall() == [("company_registered_date", "out_of_bounds", "1979-10-13")]


def test_permits_that_are_not_disclosed_have_no_key(tmp_path: Path) -> None:
    real = json.loads(PERMITS.read_text("utf-8"))
    rows = [[r["permit_number"], r["project_name"], r["company_name"], r["permit_date"]] for r in real]
    report, paths = land(tmp_path, "permit", ["施工许可证编号", "项目名称", "建设单位", "发证日期"], rows)
    known = [r for r in real if r["permit_number"] != "未披露"]
    assert (report.rows_read, report.rows_accepted) == (36, len(known))
    names = duckdb.execute(
        "select project_name, company_name from read_parquet(?) order by row_number", [str(paths.rows)]
    )
    assert names.fetchall() == [
        tuple(None if text == "未披露" else text for text in (r["project_name"], r["company_name"])) for r in known
    ]


def test_a_web_answer_is_no_table(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "warehouse", settle_seconds=0)
    paths = LandedPaths.of(settings.landed_dir, "permit", "0" * 64)
    path = REAL / "cn_permits" / "official_land_permit_list.jsonp"
    report = land_file(settings, load_contract("permit"), path, None, "0" * 64, paths)
    assert (report.status, report.reason_code) == ("refused", "header_not_found")

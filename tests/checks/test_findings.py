"""`zhixiao explain` and `zhixiao decide` on a published release with one landed file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.house import House
from zhixiao import cli
from zhixiao.checks.findings import decide, explain
from zhixiao.errors import ConfigError
from zhixiao.landing import land_drop
from zhixiao.settings import Settings
from zhixiao.warehouse.publish import publish

DAY = "2025-07-10"
FIRM = "91321204717445678C"
TAX = f"""入库税收明细,,,,,,,
"管理机关：姜堰区税务局，报表期：2025年6月，数据类型：入库税收，金额单位：元",,,,,,,
社会信用代码（纳税人识别号）,纳税人名称,征收项目,税款所属期起,税款所属期止,入库税额,入库日期,预算级次
{FIRM},甲机械有限公司,增值税,2025-05-01,2025-05-31,"12,345.60",2025.06.18,区级
"""
IDS = {"tax": "aa11000000000000", "near": "aa22000000000000", "other": "bb00000000000000", "alarm": "cc00000000000000"}
MODEL = f"""
CREATE SCHEMA checks;
CREATE TABLE checks.check_registry AS SELECT * FROM (VALUES
  ('R44', '引税与空转', 'Tax without a business', '税务局', '没有场所的企业不应有大额税收', 'no premises, no tax',
   'tax > 100', '租赁合同', 'the lease')
) AS t (check_id, name_zh, name_en, owner, rule_zh, rule_en, formula, ask_for_zh, ask_for_en);
CREATE TABLE checks.fct_check_result AS
SELECT f.finding_id, 'R44' AS check_id, f.entity_type, f.entity_id, NULL::VARCHAR AS counterpart_id,
  '开发区' AS reporting_unit, f.period, f.outcome, f.na_reason, 'quarantine' AS severity,
  'flag' AS effective_severity, '规则：甲。事实：乙。' AS explanation_zh, 'Rule: a. Facts: b.' AS explanation_en,
  CASE WHEN f.finding_id = '{IDS["tax"]}' THEN [
    {{'source': 'tax', 'file_sha256': (SELECT min(file_sha256) FROM raw.tax), 'sheet': '', 'row_number': 4,
      'column_name': 'tax_paid', 'value': '1.23456'}},
    {{'source': 'tax', 'file_sha256': (SELECT min(file_sha256) FROM raw.tax), 'sheet': '', 'row_number': 4,
      'column_name': 'tax_12_months', 'value': '7'}}] ELSE [] END AS evidence
FROM (VALUES
  ('{IDS["tax"]}', 'enterprise', '{FIRM}', '2025-06', 'fail', NULL),
  ('{IDS["near"]}', 'enterprise', '{FIRM}', '2025-05', 'fail', NULL),
  ('{IDS["other"]}', 'enterprise', 'X', '2025-05', 'na', 'no_tax'),
  ('{IDS["alarm"]}', 'source', 'R44', NULL, 'fail', NULL)
) AS f (finding_id, entity_type, entity_id, period, outcome, na_reason);
CREATE TABLE checks.finding AS
SELECT finding_id, check_id, '321204' AS district_code, entity_type, entity_id, counterpart_id, period, reporting_unit,
  NULL::VARCHAR AS project_id, NULL::VARCHAR AS counterpart_project_id, entity_id AS uscc, severity,
  effective_severity, 'open' AS decision, NULL::VARCHAR AS actor, NULL::DATE AS decided_on,
  'digest-' || period AS figures_digest
FROM checks.fct_check_result WHERE entity_type = 'enterprise' AND outcome = 'fail';
CREATE TABLE checks.finding_decision AS SELECT * FROM (VALUES
  ('{IDS["tax"]}', 'explained', '李工', '已核实', DATE '2025-07-01', 'lapsed', '已失效：数字变了', 'finding.csv', 1)
) AS d (finding_id, decision, actor, reason, decided_on, state, state_zh, decision_file, decision_row);
"""
BY = {"actor": "王工", "reason": "租赁合同已查", "day": date(2025, 7, 11)}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One release for all tests here: the commands only read it."""
    home = tmp_path_factory.mktemp("findings")
    s = Settings(home / "raw", home / "warehouse", settle_seconds=0)
    path = s.raw_dir / "tax" / DAY / "入库.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(TAX.encode("gb18030"))
    with pytest.MonkeyPatch.context() as env:
        for name, value in s.to_env().items():
            env.setenv(name, value)
        h = House(s)
        for drop in h.discover().drops:
            land_drop(s, drop)
        h.load()
        pair = h.build(DAY)
        with duckdb.connect(str(s.work_db)) as con:
            con.execute("DROP SCHEMA IF EXISTS checks CASCADE")
            con.execute(MODEL)
        publish(s, pair)
        yield s


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.DictReader(f))


def test_explain_shows_the_cell_as_it_was_written_and_what_was_decided(settings: Settings) -> None:
    told = explain(settings, "AA11")
    for words in (
        f"{IDS['tax']}  R44 引税与空转 · Tax without a business",
        "生效等级 in effect: 提示 flag",
        "不是对任何人的认定",
        "规则：甲。事实：乙。",
        "Rule: a. Facts: b.",
        f"raw/tax/{DAY}/入库.csv，第 4 行 (row 4)",
        "入库税额: “12,345.60” -> tax_paid = 1.23456",
        "    tax_12_months = 7",
        "2025-07-01 已说明，不再作为疑点 explained，李工：已核实（已失效：数字变了 lapsed）",
        "现在 now: 待核实 open",
        "需补材料 hand in: 租赁合同 / the lease",
        "1 other open findings of the same unit",
        f"{IDS['near']} R44 引税与空转 {FIRM} 2025-05 [flag]",
    ):
        assert words in told


def test_what_is_no_finding_says_so(settings: Settings) -> None:
    assert "不适用 not applicable（no_tax）" in explain(settings, "bb")
    with pytest.raises(ConfigError, match="there is no finding 99"):
        explain(settings, "99")
    with pytest.raises(ConfigError, match="begins 2 ids: aa11000000000000、aa22000000000000"):
        explain(settings, "aa")
    with pytest.raises(ConfigError, match="there is no finding"):
        explain(settings, "")


def test_a_decision_is_a_row_with_the_key_and_the_digest_of_the_figures(settings: Settings) -> None:
    decided = decide(settings, ["aa11"], "explained", **BY)  # type: ignore[arg-type]
    assert decided.path == settings.raw_dir / "_decisions" / "2025-07-11" / "finding.csv"
    assert decided.effect == [
        f"{IDS['tax']} R44 引税与空转 {FIRM} 2025-06：待核实 open -> 已说明，不再作为疑点 explained"
    ]
    command = ["decide", "aa22", IDS["tax"], "--decision", "confirmed", "--actor", "王工", "--reason", "属实"]
    assert cli.main([*command, "--date", "2025-07-11"]) == 0
    key = {"check_id": "R44", "district_code": "321204", "entity_type": "enterprise", "entity_id": FIRM,
           "counterpart_id": ""}  # fmt: skip
    assert _rows(decided.path) == [
        {"finding_id": IDS["tax"], **key, "period": "2025-06", "decision": "explained", "actor": "王工",
         "reason": "租赁合同已查", "figures_digest": "digest-2025-06"},
        {"finding_id": IDS["near"], **key, "period": "2025-05", "decision": "confirmed", "actor": "王工",
         "reason": "属实", "figures_digest": "digest-2025-05"},
        {"finding_id": IDS["tax"], **key, "period": "2025-06", "decision": "confirmed", "actor": "王工",
         "reason": "属实", "figures_digest": "digest-2025-06"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "decision", "by", "words"),
    [
        (["aa11", "99"], "explained", {}, "no finding 99"),
        (["aa11"], "waived", {}, "no decision waived"),
        (["aa11"], "explained", {"reason": " "}, "needs its reason"),
        (["cc"], "explained", {}, "alarm of R44 about itself"),
        (["bb"], "explained", {}, "a pass or not applicable"),
        ([], "explained", {}, "no finding was named"),
    ],
)
def test_nothing_is_written_when_a_part_is_wrong(
    settings: Settings, ids: list[str], decision: str, by: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        decide(settings, ids, decision, **{**BY, "day": date(2025, 7, 12), **by})  # type: ignore[arg-type]
    assert not (settings.raw_dir / "_decisions" / "2025-07-12").exists()


def test_a_release_without_findings_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing has been published"):
        explain(Settings(tmp_path / "raw", tmp_path / "warehouse"), "aa11")

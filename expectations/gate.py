"""The gate on deliveries, before load: is this delivery plausible beside what the same source sent before?

It marks and notifies. It never changes what lands, never stops the load, and never raises for what it finds:
what is wrong with a row or a file was decided in landing (`sources.md` section 4).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from expectations import docs
from expectations.measures import build_measures
from expectations.registry import SOURCE_OWNER, rule_info
from expectations.results import ResultRow, count_failures, failures, write_results
from expectations.rules import Between, NoRows, Rule
from expectations.runner import Verdict, first_line, run_rules
from expectations.statistics import STATE_FILE, Landed, open_state, read_landed, refresh
from zhixiao.contracts import load_contract
from zhixiao.landing.report import Drop
from zhixiao.settings import Settings
from zhixiao.warehouse.db import connect

RULES: tuple[Rule, ...] = (
    Rule(
        "gate.artefact.readable",
        "file",
        NoRows("error IS NOT NULL"),
        observed="error",
        expected="'readable'",
        zh="{entity} 的落地文件缺失或读不出：{observed}。请重新运行落地（zhixiao land）。",
        en="what landing left of {entity} is missing or unreadable: {observed}. Land the file again (zhixiao land).",
    ),
    Rule(
        "gate.accounting.rows",
        "file",
        NoRows("rows_gap <> 0 OR parquet_rows <> rows_accepted OR reject_rows <> rows_quarantined"),
        observed="'read ' || rows_read || ', accepted ' || rows_accepted || ' (stored ' || parquet_rows ||"
        " '), quarantined ' || rows_quarantined || ' (stored ' || reject_rows || '), control ' || rows_control"
        " || ', ignored ' || rows_ignored",
        expected="'read = accepted + quarantined + control + ignored, and as many stored'",
        zh="{entity} 的行数账不平：读入 {rows_read}，接收 {rows_accepted}（实存 {parquet_rows}），"
        "隔离 {rows_quarantined}（实存 {reject_rows}），合计行 {rows_control}，忽略 {rows_ignored}。"
        "这是程序的错，请报数据组。",
        en="the rows of {entity} do not add up: {observed}. This is a fault of the program: tell the data team.",
        applies="error IS NULL",
    ),
    Rule(
        "gate.accounting.money",
        "file",
        NoRows("money_gap <> 0"),
        observed="money_gap",
        expected="'0'",
        zh="{entity} 的金额账不平：读入减接收减隔离等于 {observed} 万元，应为 0。这是程序的错，请报数据组。",
        en="the money of {entity} does not add up: read - accepted - quarantined = {observed} (10,000 CNY), not 0."
        " This is a fault of the program: tell the data team.",
        applies="error IS NULL",
    ),
    Rule(
        "gate.volume.rows",
        "delivery",
        Between("volume_ratio", 1 / 3, 3),
        observed="CAST(round(volume) AS BIGINT)",
        expected="CAST(floor(usual_volume / 3) AS BIGINT) || '..' || CAST(ceil(usual_volume * 3) AS BIGINT)",
        zh="{entity} 每期 {observed} 行，以往每期约 {usual:.0f} 行。请核对是否漏报、重报或报错文件。",
        en="{entity} holds {observed} rows a period; earlier deliveries held about {usual:.0f}."
        " Check for a partial, doubled or mistaken file.",
    ),
    Rule(
        "gate.register.shrunk",
        "delivery",
        Between("kept_share", 0.7, None),
        observed="CAST(round(volume) AS BIGINT)",
        expected="'>= ' || CAST(ceil(previous_volume * 0.7) AS BIGINT)",
        zh="台账 {entity} 只有 {observed} 行，上一次 {previous:.0f} 行；少了的行会视为退出。请立即确认这份台账是全的。",
        en="register {entity} holds {observed} rows, the one before {previous:.0f}; rows that are gone count as"
        " withdrawn. Confirm today that it is complete.",
    ),
    Rule(
        "gate.freshness.late",
        "first_statement",
        Between("late_days", None, 0),
        observed="late_days || ' days (' || array_to_string(late_periods, ', ') || ')'",
        expected="'by the due day'",
        zh="{entity} 迟报 {periods}，最多迟 {late_days} 天。请按期报送。",
        en="{entity} brings {periods} late, by up to {late_days} days. Please deliver by the due day.",
    ),
    Rule(
        "gate.freshness.silence",
        "delivery",
        NoRows("silent_days > silence_days"),
        observed="silent_days",
        expected="'<= ' || silence_days",
        zh="{entity} 距上一次报送 {observed} 天，按约定的频率不应超过 {silence_days} 天。其间的报送请补齐。",
        en="{entity} came {observed} days after the one before; by its rhythm at most {silence_days}."
        " Please send what is missing in between.",
        applies="silent_days IS NOT NULL",
    ),
    Rule(
        "gate.freshness.future",
        "file",
        NoRows("latest_event > received_on"),
        observed="latest_event",
        expected="'<= ' || received_on",
        zh="{entity} 中有 {observed} 的记录，晚于收到日 {received_on}。请核对日期。",
        en="{entity} holds a record dated {observed}, later than the received day {received_on}. Check the dates.",
        applies="error IS NULL AND latest_event IS NOT NULL",
    ),
    Rule(
        "gate.completeness.periods",
        "series",
        NoRows("missing_count > 0"),
        observed="missing_count || ': ' || array_to_string(missing_periods, ', ')",
        expected="expected_count || ' periods, ' || first_period || '..' || last_period",
        zh="{entity} 自 {first_period} 至 {last_period} 缺 {missing_count} 期：{missing}。请补报。",
        en="{entity} lacks {missing_count} periods between {first_period} and {last_period}: {missing}."
        " Please deliver them.",
    ),
    Rule(
        "gate.nulls.drift",
        "delivery_column",
        Between("empty_increase", None, 0.2),
        observed="round(empty_share, 4)",
        expected="'<= ' || round(earlier_empty_share + 0.2, 4)",
        zh="{entity}「{label_zh}」空值占 {empty_share:.0%}，以往占 {earlier_empty_share:.0%}。"
        "请核对该列是否漏填或错位。",
        en="{entity}: {empty_share:.0%} of '{label_zh}' is empty, {earlier_empty_share:.0%} before."
        " Check whether the column was left out or shifted.",
    ),
    Rule(
        "gate.columns.vanished",
        "delivery_column",
        NoRows("NOT is_present"),
        observed="'absent'",
        expected="'present'",
        zh="{entity}「{label_zh}」一向都有，这一次没有。请核对模板。",
        en="{entity}: '{label_zh}' was always there and is not in this delivery. Check the template.",
        applies="was_always_there",
    ),
    Rule(
        "gate.columns.unknown",
        "file",
        NoRows("len(new_unknown_columns) > 0"),
        observed="array_to_string(new_unknown_columns, ', ')",
        expected="'known columns'",
        zh="{entity} 首次出现未知列：{observed}。原样保留；如属约定内容，请在合同中登记表头。",
        en="{entity} brings unknown columns: {observed}. They are kept as text; add the header to the contract"
        " if it belongs there.",
        applies="error IS NULL AND NOT is_repeated",
    ),
    Rule(
        "gate.columns.personal",
        "file",
        NoRows("len(personal_columns) > 0"),
        observed="array_to_string(personal_columns, ', ')",
        expected="'no columns with persons'",
        zh="{entity} 含个人信息列：{observed}。已在入口丢弃，未保存；请今后不要报送。",
        en="{entity} holds columns with persons: {observed}. They were dropped at the door and not stored;"
        " please leave them out.",
        applies="error IS NULL AND NOT is_repeated",
    ),
    Rule(
        "gate.quarantine.share",
        "file",
        Between("quarantine_share", None, 0.2),
        observed="round(quarantine_share, 4)",
        expected="'<= 0.2'",
        zh="{entity} 隔离 {rows_quarantined} 行，占 {quarantine_share:.0%}。请按隔离清单更正后重报。",
        en="{rows_quarantined} rows of {entity} ({quarantine_share:.0%}) are quarantined."
        " Correct them by the quarantine list and deliver again.",
    ),
    Rule(
        "gate.quarantine.majority",
        "file",
        Between("quarantine_share", None, 0.5),
        observed="round(quarantine_share, 4)",
        expected="'<= 0.5'",
        zh="{entity} 过半的行（{rows_quarantined} 行，{quarantine_share:.0%}）被隔离，这份报送基本不能用。"
        "请当日更正重报。",
        en="more than half of {entity} ({rows_quarantined} rows, {quarantine_share:.0%}) is quarantined: it is"
        " of little use. Deliver a corrected file today.",
    ),
    Rule(
        "gate.control.difference",
        "control",
        NoRows("gap_in_tolerances > 1"),
        observed="found",
        expected="stated",
        zh="{entity}「{label}」的「{label_zh}」写 {stated:,.2f}，各行之和 {found:,.2f}，"
        "相差 {difference:,.2f}。请核对合计或明细。",
        en="{entity}: '{label}' states {stated:,.2f} for '{label_zh}', its rows add up to {found:,.2f}, a"
        " difference of {difference:,.2f}. Check the total or the rows.",
        applies="NOT is_explained",
    ),
    Rule(
        "gate.unit.factor_ten",
        "file_column",
        NoRows("decades BETWEEN 0.8 AND 1.25"),
        observed="round(median, 4)",
        expected="'about ' || round(usual_median, 4)",
        zh="{entity}「{label_zh}」中位数 {median:.4g} {unit}，以往约 {usual_median:.4g}，相差约十倍。请核对单位。",
        en="{entity}: the median of '{label_zh}' is {median:.4g} {unit}, earlier about {usual_median:.4g}: off by"
        " about ten. Check the unit.",
        applies="is_comparable",
    ),
    Rule(
        "gate.unit.drift",
        "file_column",
        NoRows("decades >= 1.7"),
        observed="round(median, 4)",
        expected="'about ' || round(usual_median, 4)",
        zh="{entity}「{label_zh}」中位数 {median:.4g} {unit}，以往约 {usual_median:.4g}，相差百倍以上，"
        "多半是单位错了。请当日核对。",
        en="{entity}: the median of '{label_zh}' is {median:.4g} {unit}, earlier about {usual_median:.4g}: off by"
        " 100 or more, most likely a wrong unit. Check today.",
        applies="is_comparable",
    ),
    Rule(
        "gate.duplicates.rows",
        "file",
        Between("duplicate_share", None, 0.05),
        observed="duplicate_rows",
        expected="'<= 5 % of ' || parquet_rows",
        zh="{entity} 有 {observed} 行与别的行完全相同（共 {parquet_rows} 行）。请核对是否重复粘贴。",
        en="{observed} rows of {entity} repeat another row in full (of {parquet_rows}). Check for a double paste.",
    ),
)


@dataclass
class GateResult:
    """What the gate found. `rows` are all outcomes known by `known_on`; `fresh` are the failures of tonight."""

    known_on: date
    rows: list[ResultRow]
    fresh: list[ResultRow]
    examined_files: int
    read_files: int
    page: Path
    seconds: float
    problems: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return count_failures(self.rows)

    @property
    def critical(self) -> int:
        """How many of tonight's failures somebody has to act on today."""
        return sum(r.severity == "critical" for r in self.fresh)

    @property
    def notices(self) -> list[str]:
        """One line for every failure of tonight's deliveries, the gravest first: what the owners are told."""
        return [f"[{r.severity}] {r.owner}：{r.message_zh} / {r.message_en}" for r in failures(self.fresh)]

    def to_json(self) -> dict[str, Any]:
        """Small enough for an XCom: counts, where to read more, and the first notices."""
        return {
            "known_on": self.known_on.isoformat(),
            "counts": self.counts,
            "fresh": count_failures(self.fresh),
            "examined_files": self.examined_files,
            "page": str(self.page),
            "seconds": round(self.seconds, 1),
            "notices": self.notices[:20],
            "problems": self.problems,
        }


def run_gate(
    settings: Settings,
    drops: Sequence[Drop],
    known_on: date | None = None,
    new: Iterable[Drop] | None = None,
) -> GateResult:
    """Judge every delivery received by `known_on` (all, when None) and tell about the new ones.

    `drops` are all drops that were found; those that landing refused are left to the load log. `new` are
    tonight's; when None, those that no earlier gate of this warehouse has told about.
    """
    started = time.monotonic()
    until = known_on or max((d.received_on for d in drops), default=date(1990, 1, 1))
    landed = read_landed(settings, (d for d in drops if d.received_on <= until))
    with open_state(settings) as connection:
        read_files = refresh(connection, landed)
        build_measures(connection, landed, settings.district)
        fresh_keys = _fresh(connection, landed, new)
    rows, problems = judge(settings, RULES)
    write_results(settings, "gate", rows)
    fresh = [r for r in rows if not r.success and _is_fresh(r, fresh_keys)]
    page = docs.write_gate_page(settings, until, rows, len(landed))
    _remember(settings, landed)
    return GateResult(
        known_on=until,
        rows=rows,
        fresh=fresh,
        examined_files=len(landed),
        read_files=read_files,
        page=page,
        seconds=time.monotonic() - started,
        problems=problems,
    )


def judge(settings: Settings, rules: Sequence[Rule]) -> tuple[list[ResultRow], list[str]]:
    """Run the rules on the measure tables and turn what they say into rows."""
    state = settings.state_dir / STATE_FILE
    verdicts = run_rules(state, rules, settings.memory_limit)
    rows: list[ResultRow] = []
    problems: list[str] = []
    with connect(settings, state, read_only=True) as connection:
        for rule in rules:
            verdict = verdicts[rule.rule_id]
            if verdict.outcome != "broken":
                try:
                    rows += _rows_of(connection, rule, verdict)
                    continue
                except (duckdb.Error, LookupError, ValueError, TypeError) as e:
                    verdict = Verdict.broken(rule.rule_id, f"{type(e).__name__}: {e}")
            problems.append(f"{rule.rule_id}: {verdict.error}")
            rows.append(broken_row("gate", verdict, entity=rule.table))
    return rows, problems


def broken_row(run_kind: Any, verdict: Verdict, entity: str) -> ResultRow:
    """A rule that could not run: always critical, and its own owner is the data team."""
    info = rule_info(verdict.rule_id)
    return ResultRow(
        run_kind=run_kind,
        rule_id=verdict.rule_id,
        severity=verdict.severity,
        owner="数据组" if info.owner == SOURCE_OWNER else info.owner,
        entity=entity,
        source=None,
        district_code=None,
        received_on=None,
        file_sha256=None,
        outcome="broken",
        success=False,
        observed=first_line(verdict.error),
        expected=None,
        examined_count=0,
        unexpected_count=0,
        message_zh=f"规则「{info.name_zh}」没能运行：{verdict.error}。在它能运行之前，不能当作通过。",
        message_en=f"the rule '{info.name_en}' could not run: {verdict.error}. Until it runs it is not passed.",
    )


def _rows_of(connection: duckdb.DuckDBPyConnection, rule: Rule, verdict: Verdict) -> list[ResultRow]:
    info = rule_info(rule.rule_id)
    cursor = connection.execute(rule.failing_sql())
    names = [d[0] for d in cursor.description or []]
    failing = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    if len(failing) != verdict.unexpected_count:
        raise ValueError(
            f"Great Expectations counts {verdict.unexpected_count} failing rows, the list has {len(failing)}"
        )
    examined = {(source, district): n for source, district, n in connection.execute(rule.examined_sql()).fetchall()}
    failed: dict[tuple[str, str], int] = {}
    rows = []
    for f in failing:
        key = (f["source"], f["district_code"])
        failed[key] = failed.get(key, 0) + 1
    for f in failing:
        key = (f["source"], f["district_code"])
        values = _message_values(f)
        rows.append(
            _row(
                rule,
                owner=_owner(info.owner, f["source"]),
                entity=f["entity"],
                source=f["source"],
                district=f["district_code"],
                received_on=f["received_on"],
                sha=f["file_sha256"],
                observed=f["observed_"],
                expected=f["expected_"],
                examined=1,
                unexpected=1,
                zh=rule.zh.format(**values),
                en=rule.en.format(**values),
            )
        )
    for (source, district), n in examined.items():
        if (source, district) in failed:
            continue
        rows.append(
            _row(
                rule,
                owner=_owner(info.owner, source),
                entity=source,
                source=source,
                district=district,
                received_on=None,
                sha=None,
                observed=None,
                expected=None,
                examined=n,
                unexpected=0,
                zh=f"{info.name_zh}：{source} 检查 {n} 项，全部通过。",
                en=f"{info.name_en}: {n} of {source} examined, all pass.",
            )
        )
    return rows


def _row(
    rule: Rule,
    *,
    owner: str,
    entity: str,
    source: str,
    district: str,
    received_on: date | None,
    sha: str | None,
    observed: str | None,
    expected: str | None,
    examined: int,
    unexpected: int,
    zh: str,
    en: str,
) -> ResultRow:
    return ResultRow(
        run_kind="gate",
        rule_id=rule.rule_id,
        severity=rule_info(rule.rule_id).severity,
        owner=owner,
        entity=entity,
        source=source,
        district_code=district,
        received_on=received_on,
        file_sha256=sha,
        outcome="fail" if unexpected else "pass",
        success=not unexpected,
        observed=observed,
        expected=expected,
        examined_count=examined,
        unexpected_count=unexpected,
        message_zh=zh,
        message_en=en,
    )


def _owner(owner: str, source: str) -> str:
    return load_contract(source).owner_department if owner == SOURCE_OWNER else owner


def _message_values(failing: Mapping[str, Any]) -> dict[str, Any]:
    values = {**failing, "observed": failing["observed_"], "expected": failing["expected_"]}
    if failing.get("usual_volume") is not None:
        values["usual"] = failing["usual_volume"]
    if failing.get("previous_volume") is not None:
        values["previous"] = failing["previous_volume"]
    if "late_periods" in failing:
        values["periods"] = "、".join(failing["late_periods"])
    if "missing_periods" in failing:
        values["missing"] = "、".join(failing["missing_periods"])
    return values


Key = tuple[str, str, date]


def _fresh(connection: duckdb.DuckDBPyConnection, landed: Sequence[Landed], new: Iterable[Drop] | None) -> set[Key]:
    """The deliveries (source, district, day) that hold something new."""
    if new is not None:
        return {(d.source, d.district, d.received_on) for d in new}
    told = set(
        connection.execute("SELECT source, district_code, received_on, file_name, file_sha256 FROM told").fetchall()
    )
    return {(i.drop.source, i.drop.district, i.drop.received_on) for i in landed if _told_key(i.drop) not in told}


def _told_key(drop: Drop) -> tuple[Any, ...]:
    return (drop.source, drop.district, drop.received_on, drop.file_name, drop.sha256)


def _is_fresh(row: ResultRow, fresh: set[Key]) -> bool:
    if row.source is None or row.district_code is None:
        return True  # a rule that could not run is told every night
    if row.received_on is None:
        return any(row.source == source and row.district_code == d for source, d, _ in fresh)
    return (row.source, row.district_code, row.received_on) in fresh


def _remember(settings: Settings, landed: Sequence[Landed]) -> None:
    """Write down what was told about. A gate that dies before this tells again: better twice than never."""
    names = ("source", "district_code", "received_on", "file_name", "file_sha256")
    with open_state(settings) as connection:
        told = set(connection.execute(f"SELECT {', '.join(names)} FROM told").fetchall())
        new = [key for i in landed if (key := _told_key(i.drop)) not in told]
        if new:
            import pyarrow as pa

            connection.register("arrow_batch", pa.table(dict(zip(names, zip(*new, strict=True), strict=True))))
            connection.execute("INSERT INTO told SELECT * FROM arrow_batch")
            connection.unregister("arrow_batch")

"""The command `zhixiao`. Every command is a thin edge: it reads options, calls one function, prints its answer.

Exit codes: 0 done; 3 done, but something was refused or failed; 1 not done; 2 the command was written wrongly.
Heavy modules are imported by the command that needs them.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from zhixiao.bulletin.command import bulletin_command, profile_command
from zhixiao.correct_command import correct_command, corrections_command, merge_command, split_command
from zhixiao.errors import ConfigError, ZhixiaoError
from zhixiao.finding_command import decide_command, explain_command
from zhixiao.keep_command import backup_command, restore_command, tidy_command
from zhixiao.settings import Settings
from zhixiao.simulate.command import simulate_command
from zhixiao.warehouse.files import keep_private

DONE, NOT_DONE, DONE_WITH_FAULTS = 0, 1, 3

app = typer.Typer(
    name="zhixiao",
    help="质效：项目质效数据仓 / the warehouse of a district's investment projects",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
quarantine_app = typer.Typer(help="隔离区 / cells that failed", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(quarantine_app, name="quarantine")

KnownOn = Annotated[
    str | None, typer.Option("--known-on", help="资料截止日 YYYY-MM-DD / what had been received by then")
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="统计时点 YYYY-MM-DD / what had happened by then")]
Wait = Annotated[float, typer.Option("--wait", help="等待占用者的秒数 / seconds to wait for another run")]
Actor = Annotated[str, typer.Option("--actor", help="决定人 / who decides")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why")]

DEFAULT_WAIT = 600.0


@app.callback()
def options(
    raw: Annotated[Path | None, typer.Option("--raw", help="投放目录 / drop zone [ZHIXIAO_RAW]")] = None,
    warehouse: Annotated[Path | None, typer.Option("--warehouse", help="数据仓目录 [ZHIXIAO_WAREHOUSE]")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="出错时显示调用栈 / show tracebacks")] = False,
) -> None:
    """Options of every command."""
    if raw:
        os.environ["ZHIXIAO_RAW"] = str(raw.absolute())
    if warehouse:
        os.environ["ZHIXIAO_WAREHOUSE"] = str(warehouse.absolute())
    if debug:
        os.environ["ZHIXIAO_DEBUG"] = "1"


# --- the steps


@app.command()
def run(known_on: KnownOn = None, as_of: AsOf = None, wait: Wait = DEFAULT_WAIT) -> None:
    """全部步骤，不经 Airflow / all steps without Airflow: land, load, build, audit, publish."""
    from zhixiao.run import run as run_all

    result = run_all(_settings(), known_on, as_of, _say, wait)
    typer.echo(f"\n{result.text}")
    raise typer.Exit(result.exit_code)


@app.command()
def land(wait: Wait = DEFAULT_WAIT) -> None:
    """落地 raw/ 下的新文件 / read every new file under raw/ into landed/; no database."""
    from zhixiao.contracts import load_contracts
    from zhixiao.landing.discover import discover
    from zhixiao.landing.land import stored_report
    from zhixiao.landing.report import LandedPaths
    from zhixiao.nightly import close_pools, land_all
    from zhixiao.warehouse.lock import warehouse_lock

    settings = _settings()
    with warehouse_lock(settings, wait, "land"):
        found = discover(settings)
        drops = {(d.source, d.sha256): d for d in found.drops}
        contracts = load_contracts()

        def report(source: str, sha256: str) -> object:
            return stored_report(LandedPaths.of(settings.landed_dir, source, sha256), contracts[source])

        new = [d for key, d in drops.items() if report(*key) is None]
        _say(f"{len(drops)} 个文件，{len(new)} 个是新的 / {len(drops)} files, {len(new)} new")
        try:
            outcomes = list(land_all(settings, new))
        finally:
            close_pools()
    for o in outcomes:
        if o.status == "failed":
            _say(f"出错 failed: {o.file_name}: {o.error}")
    for r in found.refused:
        _say(f"拒收 refused: {r.file_name}: {r.reason_zh} / {r.reason_en}")
    count = {s: sum(o.status == s for o in outcomes) for s in ("landed", "refused", "failed")}
    count["refused"] += len(found.refused)
    _say(f"落地 landed {count['landed']} · 拒收 refused {count['refused']} · 出错 failed {count['failed']}")
    _say(f"等待 waiting {len(found.waiting)}（刚写入，下次处理 / still being written）")
    raise typer.Exit(DONE_WITH_FAULTS if count["refused"] or count["failed"] else DONE)


@app.command()
def load(
    full: Annotated[bool, typer.Option("--full", help="全部重写 / write every delivery anew")] = False,
    wait: Wait = DEFAULT_WAIT,
) -> None:
    """把落地的文件写入工作库 / write what landed into the work database, in one transaction."""
    from zhixiao.warehouse.load import load as load_all

    r = load_all(_settings(), full=full, wait_seconds=wait, progress=_say)
    for zh, en in zip(r.warnings_zh, r.warnings_en, strict=True):
        _say(f"注意 note: {zh} / {en}")
    if not r.wrote:
        _say("没有新内容，工作库未改动 / nothing new: the work database is as it was")
    _say(f"入库 loaded {r.files_loaded} · 拒收 refused {r.files_refused} · 重复 unchanged {r.files_unchanged}")
    raise typer.Exit(DONE_WITH_FAULTS if r.not_landed else DONE)


@app.command()
def build(known_on: KnownOn = None, as_of: AsOf = None, wait: Wait = DEFAULT_WAIT) -> None:
    """构建模型 / build all models (one dbt build)."""
    from zhixiao.warehouse.build import build as build_all
    from zhixiao.warehouse.pair import resolve_pair

    settings = _settings()
    pair = resolve_pair(settings, known_on, as_of)
    r = build_all(settings, pair, wait_seconds=wait, progress=_say)
    for w in r.warnings:
        _say(f"注意 note: {w}")
    _say(f"已构建 {pair.name}：{r.models} 个模型，{r.tests} 个检验，{r.seconds} 秒")
    _say(f"built {pair.name}: {r.models} models, {r.tests} tests, {r.seconds} s")


@app.command()
def audit(known_on: KnownOn = None, as_of: AsOf = None, wait: Wait = DEFAULT_WAIT) -> None:
    """来文检查与发布前检查 / the gate on the deliveries, then: may the build be published?"""
    from expectations.candidate import run_audit
    from expectations.gate import run_gate
    from zhixiao.landing.discover import discover
    from zhixiao.nightly import landed
    from zhixiao.warehouse.build import mark_audited, require_build
    from zhixiao.warehouse.lock import warehouse_lock
    from zhixiao.warehouse.pair import resolve_pair

    settings = _settings()
    pair = resolve_pair(settings, known_on, as_of)
    with warehouse_lock(settings, wait, "audit"):
        require_build(settings, pair)
        drops = [d for d in discover(settings).drops if landed(settings, d)]
        for notice in run_gate(settings, drops, known_on=pair.known_on, new=[]).notices:
            _say(f"注意 note: {notice}")
        run_audit(settings, pair.known_on, pair.as_of).require()
        mark_audited(settings, pair)
    _say(f"{pair.name} 可以发布 / may be published. {settings.docs_dir / 'expectations' / 'candidate.html'}")


@app.command()
def publish(
    known_on: KnownOn = None,
    as_of: AsOf = None,
    lift_hold: Annotated[bool, typer.Option("--lift-hold", help="结束回退状态 / end a rollback")] = False,
    wait: Wait = DEFAULT_WAIT,
) -> None:
    """发布 / make the audited build the published release."""
    from zhixiao.warehouse.pair import resolve_pair
    from zhixiao.warehouse.publish import publish as publish_pair

    settings = _settings()
    pair = resolve_pair(settings, known_on, as_of)
    r = publish_pair(settings, pair, wait_seconds=wait, progress=_say, lift_hold=lift_hold)
    _say(f"{r.zh}\n{r.en}\n{r.path}")


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="首月 / first month")] = "2021-01",
    last: Annotated[str, typer.Option("--to", help="末月 / last month")] = "2025-12",
    wait: Wait = DEFAULT_WAIT,
) -> None:
    """月末口径全部建好，放在 releases/ 下 / build the month-end pairs of a plan under releases/."""
    from zhixiao.warehouse.backfill import backfill as backfill_all

    r = backfill_all(_settings(), first, last, progress=_say, wait_seconds=wait)
    _say(r.words)
    raise typer.Exit(DONE_WITH_FAULTS if r.failed else DONE)


@app.command()
def rollback(
    release_id: Annotated[
        str | None, typer.Argument(help="版本号；不填为上一个 / a release; else the one before")
    ] = None,
    wait: Wait = DEFAULT_WAIT,
) -> None:
    """回退到保留的版本 / go back to a kept release; it holds until files arrive."""
    from zhixiao.warehouse.publish import rollback as roll_back

    r = roll_back(_settings(), release_id, wait_seconds=wait)
    _say(f"{r.zh}\n{r.en}")


# --- looking


@app.command()
def status() -> None:
    """现在发布的是什么、谁在运行、保留了哪些版本 / what is published, who runs, what is kept."""
    from zhixiao.status import describe_status

    typer.echo(describe_status(_settings()))


@app.command()
def summary() -> None:
    """已发布版本的一屏说明 / the published release on one screen."""
    from zhixiao.summary import summary as summarise

    typer.echo(summarise(_settings()))


@app.command()
def inspect(
    file: Path,
    source: Annotated[str | None, typer.Option("--source", help="按哪个来源检查 / as which source")] = None,
) -> None:
    """这个文件会怎样，不入库 / what would happen to this file, without doing it."""
    from zhixiao.landing.inspect import describe, inspect_file

    found = inspect_file(_settings(), file, source)
    typer.echo("\n\n".join(describe(i) for i in found))
    raise typer.Exit(DONE_WITH_FAULTS if any(i.report.status == "refused" for i in found) else DONE)


@app.command()
def sheet(
    source: Annotated[str | None, typer.Argument(help="来源；不填列出全部 / a source; else all are listed")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="写一个空白模板 / write an empty workbook")] = None,
) -> None:
    """部门的报送表 / the delivery sheet of a source, for the department that fills it in."""
    from zhixiao.contracts import load_contract, load_contracts
    from zhixiao.contracts.sheet import describe_sheet, due, write_template
    from zhixiao.texts import table

    if source is None:
        rows = [(s, c.title_zh, c.owner_department, due(c)) for s, c in load_contracts().items()]
        typer.echo(table(rows, ""))
        return
    contract = load_contract(source)
    typer.echo(describe_sheet(contract))
    if xlsx is not None:
        typer.echo(f"\n空白模板 template: {write_template(contract, xlsx)}")


@app.command()
def trace(
    table: Annotated[str, typer.Argument(help="表 / table, e.g. marts.fct_tax")],
    key: Annotated[str, typer.Argument(help="键 / a value, or column=value,column=value")],
    column: Annotated[str, typer.Argument(help="列 / column")],
) -> None:
    """一个数字来自哪个文件、哪一行 / from a published figure back to file, sheet, row and cell."""
    from zhixiao.trace import ROWS_SHOWN, describe_trace
    from zhixiao.trace import trace as trace_back

    found = trace_back(_settings(), table, key, column)
    shown = [describe_trace(t, column if column in t.row else "event_date") for t in found]
    typer.echo("\n\n".join(shown))
    if len(found) == ROWS_SHOWN and not found[0].step:
        typer.echo(f"\n只显示前 {ROWS_SHOWN} 行，请用更窄的键 / the first {ROWS_SHOWN} rows; give a narrower key")


@app.command()
def docs() -> None:
    """模型文档与血缘图，一个离线网页 / models and lineage as one page that needs no network."""
    from zhixiao.dictionary import dbt_docs

    _say(f"{dbt_docs(_settings())}")


@app.command()
def receipts(
    since: Annotated[str | None, typer.Option("--since", help="从哪天收到的起 / received from this day on")] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部文件 / every file")] = False,
) -> None:
    """写回执：每份报送收了什么、退了什么、怎么改 / the answer to each delivered file, for its department."""
    from zhixiao.receipts.answer import answer
    from zhixiao.warehouse.pair import parse_day

    if not everything and since is None:
        raise ConfigError("请给出 --since 日期 或 --all。", "give --since DAY, or --all.")
    told = answer(_settings(), parse_day(since, "--since"), progress=_say)
    _say(f"{told.files} 份回执，其中 {told.to_mend} 份需要部门更正（{told.open_cells} 处）：{told.folder}")
    _say(f"{told.files} receipts, {told.to_mend} of which ask for a correction ({told.open_cells} cells)")


# --- deciding


@quarantine_app.command("list")
def quarantine_list(
    source: Annotated[str | None, typer.Option("--source")] = None,
    state: Annotated[str, typer.Option("--state", help="open, superseded, waived, released, all")] = "open",
    limit: Annotated[int, typer.Option("--limit")] = 50,
) -> None:
    """列出隔离的单元格 / list quarantined cells."""
    from zhixiao.warehouse.quarantine import list_cells

    cells = list_cells(_settings(), source, None if state == "all" else state)
    for c in cells[:limit]:
        where = f"{c.sheet} " if c.sheet else ""
        typer.echo(
            f"{c.quarantine_id}  {c.source}/{c.received_on}/{c.file_name} {where}第 {c.row_number} 行  {c.column_name}"
        )
        typer.echo(f"    “{c.cell_text or ''}” [{c.reason_code}, {c.state}] {c.owner}")
        typer.echo(f"    {c.reason_zh} / {c.reason_en}")
    typer.echo(
        f"共 {len(cells)} 处 / {len(cells)} cells"
        + (f"，显示 {limit} 处 / {limit} shown" if len(cells) > limit else "")
    )


@quarantine_app.command("waive")
def quarantine_waive(
    ids: list[str], actor: Actor, reason: Reason, day: Annotated[str | None, typer.Option("--day")] = None
) -> None:
    """豁免：这些单元格不再追究 / waive: nothing more is asked of these cells."""
    _decide("waive", ids, actor, reason, day)


@quarantine_app.command("release")
def quarantine_release(
    ids: list[str], actor: Actor, reason: Reason, day: Annotated[str | None, typer.Option("--day")] = None
) -> None:
    """放行：确认无误，解除隔离 / release: these cells are right as they stand."""
    _decide("release", ids, actor, reason, day)


def _decide(action: str, ids: Sequence[str], actor: str, reason: str, day: str | None) -> None:
    from zhixiao.warehouse.pair import parse_day
    from zhixiao.warehouse.quarantine import decide_cells

    on = parse_day(day, "--day") or _today()
    path = decide_cells(_settings(), "waive" if action == "waive" else "release", ids, actor, reason, on)
    _say(f"已记入 {path}，下次运行生效 / written to {path}; it counts from the next run on")


@app.command()
def upgrade(
    sources: Annotated[list[str] | None, typer.Argument(help="来源；不填为全部 / sources; else all")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="版本没变也重新落地 / also where the version is the same")
    ] = False,
    wait: Wait = DEFAULT_WAIT,
) -> None:
    """合同改版后重新落地全部文件 / land all files of changed contracts again and list what came out otherwise."""
    from zhixiao.upgrade import upgrade as upgrade_all

    r = upgrade_all(_settings(), sources or (), again=again, wait_seconds=wait, progress=_say)
    for s, (old, new) in sorted(r.versions.items()):
        _say(f"{s}: {old} -> {new}")
    for c in r.changed:
        _say(f"  {c['file']}: " + "；".join(f"{k} {a} -> {b}" for k, (a, b) in c["changed"].items()))
    for f in r.failed:
        _say(f"出错 failed: {f}")
    _say(f"重新落地 {r.files} 个文件，{len(r.changed)} 个结果有变")
    _say(f"{r.files} files landed again, {len(r.changed)} came out otherwise")
    _say("请运行 zhixiao run 发布 / run `zhixiao run` to publish")
    raise typer.Exit(DONE_WITH_FAULTS if r.failed else DONE)


# --- the edge


def _settings() -> Settings:
    return Settings.from_env()


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _today() -> date:
    from zhixiao.warehouse.lock import LOCAL_ZONE

    return datetime.now(LOCAL_ZONE).date()


app.command("simulate")(simulate_command)
app.command("explain")(explain_command)
app.command("decide")(decide_command)
app.command("correct")(correct_command)
app.command("merge")(merge_command)
app.command("split")(split_command)
app.command("bulletin")(bulletin_command)
app.command("profile")(profile_command)
app.command("corrections")(corrections_command)
app.command("backup")(backup_command)
app.command("restore")(restore_command)
app.command("tidy")(tidy_command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; faults are a sentence, and a traceback only with --debug."""
    keep_private()
    try:
        result = app(args=list(argv) if argv is not None else None, standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except ZhixiaoError as e:
        return _tell(f"{e.zh}\n{e.en}")
    except Abort:
        return _tell("已中断 / interrupted")
    except KeyboardInterrupt:
        return _tell("已中断 / interrupted")
    except TyperException as e:
        show = getattr(e, "show", None)
        if show is not None:
            show()
        return int(getattr(e, "exit_code", 2))
    except Exception as e:
        return _tell(
            f"程序出错：{type(e).__name__}: {e}\n加 --debug 可看详情 / a fault of the program; --debug shows more"
        )


def _tell(words: str) -> int:
    if os.environ.get("ZHIXIAO_DEBUG"):
        traceback.print_exc()
    typer.echo(words, err=True)
    return NOT_DONE


if __name__ == "__main__":
    sys.exit(main())

"""The nightly run: what each task of `dags/nightly_load.py` does, without a line of Airflow.

Every step takes the run's id and JSON, does one thing that can be done again, and returns counts and
pointers. What a run did lies under `<warehouse>/state/runs/<run id>/`: the plan (all files, and which are
new), one small file a step, and the reasons. `verdict` reads it, writes `state/last_run.json` and decides how
the run ended:

    0  published, and nothing was refused or failed
    3  published, but something was refused or failed
    1  nothing published

A refused file stays in `raw/` for ever, since nothing is cleaned there. It makes the run red that meets it
first, and every later one until it is answered: until a later delivery of the same source has landed.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from zhixiao.backend import Backend, Rooms
from zhixiao.errors import ConfigError, DataError, ZhixiaoError
from zhixiao.faults import point
from zhixiao.hide import hide
from zhixiao.settings import Settings
from zhixiao.warehouse.files import read_json, write_json

if TYPE_CHECKING:
    from zhixiao.landing.discover import Discovery
    from zhixiao.landing.report import Drop, RefusedDrop

Json = dict[str, Any]

log = logging.getLogger("zhixiao.nightly")
LOCAL = ZoneInfo("Asia/Shanghai")

PUBLISHED, PUBLISHED_WITH_FAULTS, NOT_PUBLISHED = 0, 3, 1
STEPS = ("resolve", "discover", "land", "gate", "load", "build", "audit", "publish", "answer")
BATCH_FILES = 40
BATCH_BYTES = 256 * 1024 * 1024
MAX_BATCHES = 900
POOL_FROM_FILES = 8
RUNS_KEPT = 60

progress: Callable[[str], None] = log.info
"""Where a line for the person who waits goes: the task's log, or the terminal in `make run`."""


class LandingFailed(DataError):
    """Files that crashed the reader. Their reports are missing; the other files of the batch have landed."""


class NightlyFailed(ZhixiaoError):
    """The run is over and something in it needs a person."""


backend: Backend = Rooms()
"""The other rooms. Tests put their own here."""


# --- the run's folder


def now() -> datetime:
    """Local time, to the second."""
    return datetime.now(LOCAL).replace(tzinfo=None, microsecond=0)


def run_dir(settings: Settings, run_id: str) -> Path:
    """The folder of one run. Airflow's run ids hold `:` and `+`."""
    return settings.state_dir / "runs" / re.sub(r"[^0-9A-Za-z_.\-]", "_", run_id)


def last_run(settings: Settings) -> Json | None:
    """The verdict of the last run of this warehouse."""
    found: Json | None = read_json(settings.state_dir / "last_run.json")
    return found


def exit_code(settings: Settings) -> int | None:
    """How the last run of this warehouse ended."""
    result = last_run(settings)
    return None if result is None else int(result["exit_code"])


def told(settings: Settings) -> set[str]:
    """Refusals of which a published run has told."""
    return set(read_json(settings.state_dir / "told.json") or [])


def say(zh: str, en: str) -> None:
    """One line for the person who waits."""
    progress(f"{zh} / {en}" if zh else en)


@contextmanager
def step(settings: Settings, run_id: str, name: str) -> Iterator[Json]:
    """Note in the run's folder how long a step took and how it ended."""
    record: Json = {"step": name, "started_at": now().isoformat()}
    begun = time.monotonic()
    path = run_dir(settings, run_id) / f"{re.sub(r'[^0-9A-Za-z_.-]', '_', name)}.json"
    try:
        yield record
        record["status"] = "ok"
        point(f"nightly.{name.split('-')[0]}")
    except BaseException as e:
        record["status"] = "failed"
        record["error"] = type(e).__name__
        record["zh"], record["en"] = (e.zh, e.en) if isinstance(e, ZhixiaoError) else ("", hide(str(e)))
        if not isinstance(e, ZhixiaoError):
            record["traceback"] = hide(traceback.format_exc())
        raise
    finally:
        record["seconds"] = round(time.monotonic() - begun, 2)
        write_json(path, record)


def step_records(settings: Settings, run_id: str) -> list[Json]:
    """What the steps noted, in the order in which they began."""
    folder = run_dir(settings, run_id)
    found = [read_json(p) or {} for p in sorted(folder.glob("*.json")) if p.name != "plan.json"]
    return sorted((r for r in found if "step" in r), key=lambda r: (r["started_at"], order(r["step"])))


def order(name: str) -> int:
    """The place of a step in the run; `land-tax-1` counts as `land`."""
    base = name.split("-")[0]
    return STEPS.index(base) if base in STEPS else len(STEPS)


# --- the steps


def pair_wanted(params: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    """(known_on, as_of) as the parameters give them: an ISO day, or None for the default.

    The one place where a run learns its pair: a scheduled run, a trigger with parameters and `make run` all
    come through here, and what is left open is settled by `resolve_pair` from the latest day under `raw/`.
    The day on which a run happens plays no part.
    """
    from zhixiao.warehouse.pair import parse_day

    p = params or {}
    known_on, as_of = (parse_day(p.get(name), name.upper()) for name in ("known_on", "as_of"))
    return (known_on.isoformat() if known_on else None, as_of.isoformat() if as_of else None)


def no_drop_zone(settings: Settings) -> ConfigError:
    """RAW= points nowhere."""
    return ConfigError(
        f"投放目录不存在：{settings.raw_dir}。请检查 RAW= 的路径。",
        f"The drop zone does not exist: {settings.raw_dir}. Check the path in RAW=.",
    )


def resolve(run_id: str, params: Mapping[str, Any] | None = None) -> Json:
    """The pair (known_on, as_of) of this run."""
    settings = Settings.from_env()
    with step(settings, run_id, "resolve") as record:
        known_on, as_of = pair_wanted(params)
        if not settings.raw_dir.is_dir():
            raise no_drop_zone(settings)
        p = backend.resolve(settings, known_on, as_of)
        record["result"] = p
        say(
            f"口径：截至 {p['known_on']} 收到，时点 {p['as_of']}",
            f"known_on {p['known_on']}, as_of {p['as_of']}",
        )
        if date.fromisoformat(p["known_on"]) > now().date() + timedelta(days=1):
            say(
                f"注意：{p['known_on']} 在将来。请检查 raw/ 下的文件夹日期，或本机时钟（见 docs/faults.md）",
                f"note: {p['known_on']} lies in the future; check the folders under raw/, or this machine's clock "
                "(docs/faults.md)",
            )
        return p


def discover(run_id: str) -> list[Json]:
    """Find every file under raw/, and cut those that have no report yet into batches of one source.

    All of it goes into the plan; what Airflow carries from task to task are the batches, as places in it.
    """
    settings = Settings.from_env()
    with step(settings, run_id, "discover") as record:
        found = backend.discover(settings)
        drops = found.drops
        new: list[int] = []
        seen: set[tuple[str, str]] = set()
        for i, drop in enumerate(drops):
            key = (drop.source, drop.sha256)
            if key not in seen:
                seen.add(key)
                if backend.report(settings, drop) is None:
                    new.append(i)
        new.sort(key=lambda i: (drops[i].source, i))
        write_json(plan_path(settings, run_id), {"found": found.to_json(), "new": new})
        prune(settings)
        batches = cut([drops[i] for i in new])
        say(
            f"发现 {len(drops)} 个文件，其中 {len(new)} 个是新的"
            + (f"，{len(found.waiting)} 个刚写入，留待下次" if found.waiting else ""),
            f"{len(drops)} files found, {len(new)} new"
            + (f", {len(found.waiting)} still being written, left for the next run" if found.waiting else ""),
        )
        record["result"] = {
            "files": len(drops),
            "new": len(new),
            "unassigned": len(found.refused),
            "waiting": len(found.waiting),
            "batches": len(batches),
        }
        return batches


def cut(drops: Sequence[Drop], most: int = BATCH_FILES, limit: int = MAX_BATCHES) -> list[Json]:
    """Batches of one source each, at most `most` files and 256 MB, at most `limit` in all.

    Always at least one, empty when nothing is new: Airflow skips a mapped task without instances, and
    skipping runs on into everything behind it.
    """
    if not drops:
        return [{"source": "", "first": 0, "count": 0, "label": "nothing-new"}]
    most = max(most, -(-len(drops) // limit))
    batches: list[Json] = []
    weight = 0
    for i, drop in enumerate(drops):
        size = Path(drop.path).stat().st_size if Path(drop.path).exists() else 0
        last = batches[-1] if batches else None
        full = last is not None and (last["count"] >= most or (weight + size > BATCH_BYTES and len(batches) < limit))
        if last is None or last["source"] != drop.source or full:
            number = 1 if last is None or last["source"] != drop.source else last["number"] + 1
            last = {"source": drop.source, "first": i, "count": 0, "number": number}
            batches.append(last)
            weight = 0
        last["count"] += 1
        weight += size
    for b in batches:
        b["label"] = f"{b['source']}-{b.pop('number')}"
    return batches


def plan_path(settings: Settings, run_id: str) -> Path:
    """Where `discover` leaves what it found."""
    return run_dir(settings, run_id) / "plan.json"


@dataclass(frozen=True)
class Plan:
    """What `discover` found, and the places of the drops that had no report yet, source by source."""

    found: Discovery
    new: list[int]


def read_plan(settings: Settings, run_id: str) -> Plan:
    """The plan of a run."""
    from zhixiao.landing.discover import Discovery

    path = plan_path(settings, run_id)
    plan: Json | None = read_json(path)
    if plan is None:
        raise ConfigError(
            f"找不到本次运行的计划：{path}。请重新运行。", f"The plan of this run is gone: {path}. Run again."
        )
    return Plan(Discovery.from_json(plan["found"]), plan["new"])


def land(run_id: str, batch: Json) -> Json:
    """Land the files of one batch. A refused file is an outcome; one that crashes the reader fails the batch,
    after the others of the batch have landed."""
    settings = Settings.from_env()
    plan = read_plan(settings, run_id)
    chosen = [plan.found.drops[i] for i in plan.new[batch["first"] : batch["first"] + batch["count"]]]
    result: Json = {"source": batch["source"], "files": len(chosen), "landed": 0, "refused": 0, "failed": 0}
    if not chosen:
        return result
    with step(settings, run_id, f"land-{batch['label']}") as record:
        record["result"] = result
        tell_landing(run_id, batch, len(plan.new))
        outcomes = list(land_all(settings, chosen))
        result["landed"] = sum(o.status == "landed" for o in outcomes)
        result["refused"] = sum(o.status == "refused" for o in outcomes)
        failures = [o for o in outcomes if o.status == "failed"]
        result["failed"] = len(failures)
        record["failures"] = [{"file": o.file_name, "error": o.error, "traceback": o.traceback} for o in failures]
        if any(o.out_of_memory for o in failures):
            raise MemoryError("; ".join(o.file_name for o in failures))
        if failures:
            names = "、".join(o.file_name for o in failures[:5])
            raise LandingFailed(
                f"{len(failures)} 个文件无法处理（程序或机器的问题，不是数据问题）：{names}。其余文件已落地。"
                f"首个错误：{failures[0].error}。详见 {run_dir(settings, run_id)}。",
                f"{len(failures)} files crashed the reader: {names}. The others have landed. "
                f"First: {failures[0].error}",
            )
        return result


_begun: dict[str, int] = {}
_told_at = 0.0
_TELL_EVERY_SECONDS = 3.0


def tell_landing(run_id: str, batch: Json, whole: int) -> None:
    """How far landing is, counting what this process has begun; not more often than every few seconds."""
    global _told_at
    _begun[run_id] = _begun.get(run_id, 0) + batch["count"]
    if time.monotonic() - _told_at >= _TELL_EVERY_SECONDS or _begun[run_id] == whole:
        _told_at = time.monotonic()
        place = f"{batch['label']} ({_begun[run_id]}/{whole})"
        say(f"落地 {place}", f"landing {place}")


@dataclass(frozen=True)
class Outcome:
    """How landing one file ended."""

    file_name: str
    status: str
    error: str = ""
    traceback: str = ""
    out_of_memory: bool = False


def land_one(settings: Settings, drop: Drop) -> Outcome:
    """Land one file and never raise for what the file does to the reader."""
    try:
        report = backend.land_drop(settings, drop)
    except MemoryError as e:
        return Outcome(drop.file_name, "failed", f"MemoryError: {e}", hide(traceback.format_exc()), True)
    except ConfigError:
        raise
    except Exception as e:
        return Outcome(drop.file_name, "failed", hide(f"{type(e).__name__}: {e}"), hide(traceback.format_exc()))
    return Outcome(drop.file_name, report.status)


def land_all(settings: Settings, drops: Sequence[Drop]) -> Iterator[Outcome]:
    """Land files one after another, or side by side when there are many and ZHIXIAO_LAND_WORKERS allows."""
    workers = int(os.environ.get("ZHIXIAO_LAND_WORKERS") or 1)
    if workers < 2 or len(drops) < POOL_FROM_FILES:
        for drop in drops:
            yield land_one(settings, drop)
        return
    pool = worker_pool(workers)
    tasks = [(drop, pool.submit(land_one, settings, drop)) for drop in drops]
    for drop, task in tasks:
        try:
            yield task.result()
        except BrokenProcessPool:
            pools.pop(workers, None)
            yield land_alone(settings, drop)


def land_alone(settings: Settings, drop: Drop) -> Outcome:
    """A worker died, and the system does not say over which file: each of those left gets one of its own."""
    with new_pool(1) as pool:
        try:
            return pool.submit(land_one, settings, drop).result()
        except BrokenProcessPool:
            return Outcome(drop.file_name, "failed", "the reader's process died, probably for memory", "", True)


pools: dict[int, ProcessPoolExecutor] = {}


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """One pool a process, made when first needed. Its workers end when their parent does."""
    if workers not in pools:
        import zhixiao.landing  # noqa: F401  (what cannot be imported here would look like dying workers)

        pools[workers] = new_pool(workers)
    return pools[workers]


def new_pool(workers: int) -> ProcessPoolExecutor:
    """Workers that start from nothing: a fork would copy open connections and locks."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, spawn, initializer=end_with_parent, initargs=(os.getpid(),))


def close_pools() -> None:
    """End the workers. Without it they end with this process."""
    while pools:
        pools.popitem()[1].shutdown(cancel_futures=True)


def end_with_parent(parent: int) -> None:
    """A worker whose parent was killed would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def now_and_then(tell: Callable[[str], None], seconds: float = _TELL_EVERY_SECONDS) -> Callable[[str], None]:
    """The same, but silent for some seconds after each line."""
    last = time.monotonic()

    def told(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            tell(text)

    return told


def gate(run_id: str, pair: Json) -> Json:
    """Is what was delivered plausible? Marks and notifies; never changes what lands, never stops the run."""
    settings = Settings.from_env()
    with step(settings, run_id, "gate") as record:
        plan = read_plan(settings, run_id)
        have = [(i, d) for i, d in enumerate(plan.found.drops) if landed(settings, d)]
        new = set(plan.new)
        say("检查来文是否合理…", "are the deliveries plausible? ...")
        record["result"] = backend.gate(
            settings,
            [d for _, d in have],
            date.fromisoformat(pair["known_on"]),
            [d for i, d in have if i in new],
        )
        return counts(record["result"])


def landed(settings: Settings, drop: Drop) -> bool:
    """Whether the file has a report that says `landed`."""
    report = backend.report(settings, drop)
    return report is not None and report.status == "landed"


def counts(result: Json) -> Json:
    """What fits into XCom: numbers, short texts, and no long list."""
    return {k: v for k, v in result.items() if not isinstance(v, (list, dict)) or len(v) <= 20}


def load(run_id: str) -> Json:
    """Everything landed into raw.*, in one transaction."""
    settings = Settings.from_env()
    with step(settings, run_id, "load") as record, backend.lock(settings, STEP_LOCK_SECONDS, run_id):
        say("写入工作库…", "loading ...")
        result = backend.load(settings, read_plan(settings, run_id).found, now_and_then(progress))
        record["result"] = result
        for zh, en in zip(result.get("warnings_zh", []), result.get("warnings_en", []), strict=True):
            say(zh, en)
        return counts(result)


def build(run_id: str, pair: Json) -> Json:
    """One `dbt build` for the pair."""
    settings = Settings.from_env()
    with step(settings, run_id, "build") as record, backend.lock(settings, STEP_LOCK_SECONDS, run_id):
        say("构建模型（dbt build）…", "building the models (dbt build) ...")
        record["result"] = backend.build(settings, pair, progress)
        return counts(record["result"])


def audit(run_id: str, pair: Json) -> Json:
    """May this candidate be published? Raises PublicationRefused when not."""
    settings = Settings.from_env()
    with step(settings, run_id, "audit") as record, backend.lock(settings, STEP_LOCK_SECONDS, run_id):
        say("发布前检查…", "auditing the candidate ...")
        record["result"] = backend.audit(settings, pair)
        for notice in record["result"].get("notices", ()):
            progress(notice)
        return counts(record["result"])


def publish(run_id: str, pair: Json) -> Json:
    """Swap the audited candidate in."""
    settings = Settings.from_env()
    with step(settings, run_id, "publish") as record, backend.lock(settings, STEP_LOCK_SECONDS, run_id):
        say("发布…", "publishing ...")
        record["result"] = backend.publish(settings, pair, progress)
        return counts(record["result"])


def answer(run_id: str, pair: Json) -> Json:
    """The receipts of the files that this run landed: what each department is told, and what it has to mend.

    A first run answers the last month only; `zhixiao receipts --all` answers everything.
    """
    settings = Settings.from_env()
    with step(settings, run_id, "answer") as record:
        plan = read_plan(settings, run_id)
        new = {(d.source, d.sha256) for d in (plan.found.drops[i] for i in plan.new)}
        since = date.fromisoformat(pair["known_on"]) - timedelta(days=ANSWERED_DAYS)
        if new:
            say("写回执…", "writing the receipts ...")
        record["result"] = backend.answer(settings, since, new, progress) if new else {"files": 0}
        return counts(record["result"])


ANSWERED_DAYS = 31

STEP_LOCK_SECONDS = 10.0
"""How long a task waits for the warehouse before it leaves the waiting to Airflow's retry."""


# --- the verdict


@dataclass
class Findings:
    """What the run met that needs a person. `answered` counts the refusals that no longer do."""

    refused: list[Json] = field(default_factory=list)
    answered: int = 0
    failed: list[Json] = field(default_factory=list)
    broken_steps: list[Json] = field(default_factory=list)


def findings(settings: Settings, run_id: str, known_on: str | None) -> Findings:
    """Refused files that need an answer, files without a report, steps that failed."""
    found = Findings()
    records = step_records(settings, run_id)
    found.broken_steps = [r for r in records if r.get("status") == "failed"]
    errors = {f["file"]: f["error"] for r in records for f in r.get("failures", [])}
    if not plan_path(settings, run_id).exists():
        return found
    discovery = read_plan(settings, run_id).found
    refused = [entry_of(r, r.reason_code, r.reason_zh, r.reason_en) for r in discovery.refused if in_time(r, known_on)]
    last_landed: dict[str, str] = {}
    for drop in discovery.drops:
        if not in_time(drop, known_on):
            continue
        report = backend.report(settings, drop)
        if report is None:
            error = errors.get(drop.file_name) or "no report was written"
            found.failed.append(entry_of(drop, None, "处理时程序出错", error))
        elif report.status == "refused":
            refused.append(entry_of(drop, report.reason_code, report.reason_zh, report.reason_en))
        else:
            day = drop.received_on.isoformat()
            last_landed[drop.source] = max(day, last_landed.get(drop.source, day))
    known = told(settings)
    for entry in refused:
        answered = entry["received_on"] is not None and entry["received_on"] < last_landed.get(entry["source"], "")
        if answered and refusal_key(entry) in known:
            found.answered += 1
        else:
            found.refused.append(entry)
    return found


def in_time(drop: Drop | RefusedDrop, known_on: str | None) -> bool:
    """Whether the file had been received by then. A folder that is no day has no time, and always counts."""
    return known_on is None or drop.received_on is None or drop.received_on.isoformat() <= known_on


def entry_of(drop: Drop | RefusedDrop, code: str | None, zh: str | None, en: str | None) -> Json:
    """One file that needs a person, and why."""
    day = drop.received_on.isoformat() if drop.received_on else None
    return {
        "source": drop.source,
        "file": "/".join(p for p in (drop.source, day, drop.file_name) if p),
        "sha256": drop.sha256,
        "received_on": day,
        "reason_code": code,
        "zh": (zh or "").rstrip("。"),
        "en": (en or "").rstrip("."),
    }


def refusal_key(entry: Json) -> str:
    """A refusal is the same as long as the same bytes were dropped as the same source on the same day."""
    return "|".join(str(entry[k]) for k in ("source", "sha256", "received_on", "file"))


def verdict(run_id: str, outcome: Mapping[str, Json | None]) -> Json:
    """Decide how the run ended, write it down, and raise when a person is needed.

    `outcome` holds what the steps returned, None for those that did not finish.
    """
    settings = Settings.from_env()
    pair = outcome.get("resolve") or {}
    published = outcome.get("publish")
    found = findings(settings, run_id, pair.get("known_on"))
    if published is None:
        code = NOT_PUBLISHED
    elif found.refused or found.failed or found.broken_steps:
        code = PUBLISHED_WITH_FAULTS
    else:
        code = PUBLISHED
    zh, en = paragraph(settings, run_id, code, found)
    records = step_records(settings, run_id)
    result: Json = {
        "run_id": run_id,
        "exit_code": code,
        "known_on": pair.get("known_on"),
        "as_of": pair.get("as_of"),
        "started_at": min((r["started_at"] for r in records), default=now().isoformat()),
        "finished_at": now().isoformat(),
        "files": next((r.get("result", {}) for r in records if r["step"] == "discover"), {}),
        "refused": found.refused,
        "refused_answered": found.answered,
        "failed": found.failed,
        "steps": [{k: r.get(k) for k in ("step", "status", "seconds", "error", "zh", "en")} for r in records],
        "gate": outcome.get("gate"),
        "load": outcome.get("load"),
        "build": outcome.get("build"),
        "audit": outcome.get("audit"),
        "publish": published,
        "message_zh": zh,
        "message_en": en,
    }
    if code != NOT_PUBLISHED:
        keys = told(settings) | {refusal_key(e) for e in found.refused}
        write_json(settings.state_dir / "told.json", sorted(keys))
    write_json(settings.state_dir / "last_run.json", result)
    _tell(settings, result)
    if code != PUBLISHED:
        raise NightlyFailed(zh, en)
    return {k: result[k] for k in ("run_id", "exit_code", "known_on", "as_of", "message_zh", "message_en")}


def _tell(settings: Settings, result: Json) -> None:
    """Digest, status page, metrics. What is published is published, whatever becomes of the words about it."""
    try:
        for problem in backend.tell(settings, result):
            say(f"通知没有发出：{problem}", f"a notification was not sent: {problem}")
    except Exception:
        log.exception("the digest")
        where = settings.state_dir / "logs"
        say(f"本次的通知与状态页没有写成，见 {where}", f"the digest of this run could not be written; see {where}")


def paragraph(settings: Settings, run_id: str, code: int, found: Findings) -> tuple[str, str]:
    """One paragraph in each language: what happened, and what to do now."""
    if code == PUBLISHED:
        return "已发布，没有文件被拒收，没有步骤出错。", "Published; nothing was refused, nothing failed."
    zh: list[str] = []
    en: list[str] = []
    if code == NOT_PUBLISHED:
        zh.append("本次没有发布，读者看到的仍是上一个版本。")
        en.append("Nothing was published; readers keep the last release.")
    else:
        zh.append("已发布，但需要处理：")
        en.append("Published, but somebody has to act:")
    for entry in found.refused[:10]:
        zh.append(f"拒收 {entry['file']}：{entry['zh']}。")
        en.append(f"Refused {entry['file']}: {entry['en']}.")
    if len(found.refused) > 10:
        zh.append(f"另有 {len(found.refused) - 10} 个文件被拒收。")
        en.append(f"{len(found.refused) - 10} more were refused.")
    if found.refused:
        zh.append("请原单位改好后作为新文件重新投放（原文件不用删除）；用 zhixiao inspect 文件 可先试。")
        en.append(
            "Ask the department for a corrected file and drop it as a new one; `zhixiao inspect FILE` tries it first."
        )
    for entry in found.failed[:10]:
        zh.append(f"处理失败 {entry['file']}：{entry['zh']}。")
        en.append(f"Failed {entry['file']}: {entry['en']}.")
    for r in found.broken_steps:
        if not r["step"].startswith("land-"):
            zh.append(f"步骤 {r['step']} 出错：{r['zh'] or r['en']}")
            en.append(f"Step {r['step']} failed: {r['en']}")
    if found.failed or (code == NOT_PUBLISHED and not found.broken_steps):
        zh.append(f"详情见 {run_dir(settings, run_id)}。")
        en.append(f"Details: {run_dir(settings, run_id)}.")
    zh.append("处理办法见 docs/runbook.md。")
    en.append("What to do: docs/runbook.md.")
    return "".join(zh), " ".join(en)


def report_of(settings: Settings, result: Json) -> str:
    """What `make run` prints at the end: the summary of a published run, and what needs a person."""
    parts: list[str] = []
    if result["exit_code"] != NOT_PUBLISHED:
        try:
            parts.append(backend.summary(settings, result).rstrip())
        except Exception:  # what is published is published, whatever becomes of the words about it
            log.exception("the summary")
            where = f"{settings.published_dir}\n{traceback.format_exc(limit=-1)}"
            parts.append(f"已发布，但摘要无法生成 / published, but the summary failed: {where}")
    if result["exit_code"] != PUBLISHED:
        parts.append(f"{result['message_zh']}\n{result['message_en']}")
    return "\n\n".join(parts)


def prune(settings: Settings, keep: int = RUNS_KEPT) -> None:
    """Forget what runs noted long ago; releases and landed files are not touched."""
    for folder in ("runs", "logs"):
        entries = sorted((settings.state_dir / folder).glob("*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in entries[keep:]:
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink(missing_ok=True)

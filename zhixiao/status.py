"""The state of a warehouse in a few lines."""

from __future__ import annotations

from zhixiao.settings import Settings
from zhixiao.texts import table
from zhixiao.warehouse import releases
from zhixiao.warehouse.build import build_state
from zhixiao.warehouse.files import read_json
from zhixiao.warehouse.lock import holder_of, is_locked

RELEASES_SHOWN = 10


def describe_status(settings: Settings) -> str:
    """What is published, held and kept, who is at work, and how the last run ended."""
    now = releases.published(settings)
    hold = releases.read_hold(settings)
    state = build_state(settings)
    last = read_json(settings.state_dir / "last_run.json")
    holder = holder_of(settings) if is_locked(settings) else None
    facts = [
        ("数据仓 warehouse", str(settings.warehouse_dir)),
        ("投放目录 raw", str(settings.raw_dir)),
        ("已发布 published", now.release_id if now else "无 none"),
        ("回退保持 held", f"{hold.release_id}，直到有新文件 / until files arrive" if hold else "否 no"),
        ("工作库构建 build", _build(state.pair.name, state.audited) if state else "无 none"),
        ("占用 lock", f"{holder.zh} / {holder.en}" if holder else "空闲 free"),
    ]
    if last:
        facts.append(("上次运行 last run", f"{last['finished_at']}，退出码 exit code {last['exit_code']}"))
        facts.append(("", f"{last['message_zh']} / {last['message_en']}"))
    lines = [table(facts, "")]
    kept = releases.kept_releases(settings)
    if kept:
        rows = [(r.name, "已发布 published" if now and r.release_id == now.release_id else "") for r in kept]
        lines += ["", f"保留的版本 kept releases: {len(kept)}", table(rows[:RELEASES_SHOWN])]
    return "\n".join(lines)


def _build(name: str, audited: bool) -> str:
    return f"{name}，" + ("已通过检查 audited" if audited else "未检查 not audited")

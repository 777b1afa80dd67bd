"""What each task of `dags/release_quarantine.py` does, without a line of Airflow. JSON in, JSON out.

A person asks for a decision, a second look is taken in Airflow, and the decision is written by the same functions as
`zhixiao quarantine release|waive` and `zhixiao decide`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from zhixiao.errors import ConfigError
from zhixiao.settings import Settings

Json = dict[str, Any]
ACTIONS = ("release", "waive", "open", "explained", "confirmed")
OF_CELLS = ("release", "waive")
SHOWN = 30


def prepare(params: Mapping[str, Any] | None) -> Json:
    """What a person is asked to approve, in words. Raises ConfigError for unknown ids, action or an empty reason."""
    p = dict(params or {})
    action, ids = str(p.get("action") or ""), _ids(p.get("ids"))
    reason = str(p.get("reason") or "").strip()
    if action not in ACTIONS:
        raise ConfigError(f"没有动作 {action}。", f"there is no action {action}; use {', '.join(ACTIONS)}.")
    if not ids:
        raise ConfigError("没有给出编号。", "no id was given.")
    if not reason:
        raise ConfigError("缺少理由：每个决定都要写明为什么。", "a decision needs its reason.")
    settings = Settings.from_env()
    lines = _cells(settings, ids, action) if action in OF_CELLS else _findings(settings, ids)
    shown = [*lines[:SHOWN], *([f"… 共 {len(lines)} 处 / {len(lines)} in all"] if len(lines) > SHOWN else [])]
    return {
        "action": action,
        "ids": ids,
        "reason": reason,
        "subject": f"{_WORDS[action]}：{len(ids)} 处 / {action} {len(ids)}?",
        "body": "\n".join([f"**理由 reason**: {reason}", "", *(f"- {line}" for line in shown)]),
    }


def write(request: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Write the decision file; the actor is the person who approved. Returns its path."""
    settings = Settings.from_env()
    actor, day = _actor(response), _day(response)
    if request["action"] in OF_CELLS:
        from zhixiao.warehouse.quarantine import decide_cells

        path = decide_cells(settings, request["action"], request["ids"], actor, request["reason"], day)
    else:
        from zhixiao.checks.findings import decide

        decided = decide(settings, request["ids"], request["action"], actor=actor, reason=request["reason"], day=day)
        path = decided.path
    return str(path)


_WORDS = {
    "release": "放行隔离的单元格",
    "waive": "豁免隔离的单元格",
    "open": "重新提出疑点",
    "explained": "疑点已说明",
    "confirmed": "疑点属实",
}


def _ids(value: Any) -> list[str]:
    """Ids as a list or as text with blanks or commas between them."""
    if isinstance(value, str):
        return [i for i in value.replace(",", " ").replace("，", " ").split() if i]
    return [str(i).strip() for i in value or () if str(i).strip()]


def _cells(settings: Settings, ids: Sequence[str], action: str) -> list[str]:
    from zhixiao.warehouse.quarantine import find_cells, require_releasable

    cells = find_cells(settings, ids)
    if action == "release":
        require_releasable(cells)
    return [
        f"{c.quarantine_id} {c.source}/{c.received_on}/{c.file_name} {c.sheet} #{c.row_number} {c.column_name} "
        f"“{c.cell_text or ''}” [{c.reason_code}, {c.state}] {c.reason_zh}"
        for c in cells
    ]


def _findings(settings: Settings, ids: Sequence[str]) -> list[str]:
    from zhixiao.checks.findings import describe

    return describe(settings, ids)


def _actor(response: Mapping[str, Any]) -> str:
    """Who answered, as Airflow knows the person."""
    user = response.get("responded_by_user") or {}
    name = user.get("name") or user.get("id") if isinstance(user, Mapping) else str(user)
    if not name:
        raise ConfigError(
            "不知道是谁批准的，没有写入决定。请由登录的人在页面上批准。",
            "nobody is known to have approved: nothing was written. Approve it on the page, logged in.",
        )
    return str(name)


def _day(response: Mapping[str, Any]) -> date:
    """The day of the answer, in local time."""
    from zhixiao.warehouse.lock import LOCAL_ZONE

    at = response["responded_at"]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    return moment.astimezone(LOCAL_ZONE).date()

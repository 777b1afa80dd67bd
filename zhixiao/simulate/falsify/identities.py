"""R01-R09: figures that contradict themselves, the documents, or the state of whoever reports them."""

from __future__ import annotations

from datetime import timedelta

from zhixiao.simulate.calendar import first_of
from zhixiao.simulate.falsify.scene import Scene


def over_plan(scene: Scene) -> None:
    """R02: reported investment beyond the plan, with no change filed; beside it, projects that did file one."""
    grown = {"low": 105, "middle": 118, "high": 150}
    pool = [p for p in scene.world.all_projects if len(p.phases) == 1 and len(p.phases[0].fai) >= 6]
    plain = [p for p in pool if not p.phases[0].changes]
    for p, level in scene.ladder(plain, len(pool)):
        phase = p.phases[0]
        last = max((m for m in phase.fai if m.total > 0), key=lambda m: m.month)
        missing = phase.planned * grown[level] // 100 - sum(m.total for m in phase.fai)
        last.build += max(missing, 0)
        months = tuple(f"{first_of(m.month):%Y-%m}" for m in phase.fai if m.month >= last.month)
        scene.false(
            p, "over_plan", level, grown[level] / 100, "flag" if level == "low" else "quarantine",
            first_of(last.month + 1) + timedelta(days=45), periods=months, also=("R03", "R17", "R28"),
        )  # fmt: skip
    for p in scene.honest(plain):
        phase = p.phases[0]
        last = max((m for m in phase.fai if m.total > 0), key=lambda m: m.month)
        phase.changes.append((first_of(last.month - 1), phase.planned * 130 // 100))
        last.build += max(phase.planned * 115 // 100 - sum(m.total for m in phase.fai), 0)
        scene.lookalike(p, "amended_filing", first_of(last.month + 1) + timedelta(days=45))


PLANTERS = {"R02": over_plan}

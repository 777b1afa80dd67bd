"""The registry of rules: who owns a rule, how grave it is, and the one place where it is implemented.

`rules.yaml` holds no logic and the code holds no severity: neither says the same thing twice. A test holds
the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

import yaml

from zhixiao.errors import ConfigError

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
SOURCE_OWNER = "source"
REGISTRY_FILE = Path(__file__).resolve().parent / "rules.yaml"


@dataclass(frozen=True)
class RuleInfo:
    """One line of the registry. Owner `source` is the department that sends the source."""

    rule_id: str
    name_zh: str
    name_en: str
    owner: str
    severity: Severity
    implemented_in: str


@cache
def load_registry() -> dict[str, RuleInfo]:
    """All rules by id. Raises ConfigError for a line that is incomplete or a severity nobody knows."""
    doc = yaml.safe_load(REGISTRY_FILE.read_text(encoding="utf-8"))
    out: dict[str, RuleInfo] = {}
    for place, rules in doc["rules"].items():
        for rule_id, line in rules.items():
            missing = {"zh", "en", "owner", "severity"} - set(line)
            if missing or line["severity"] not in SEVERITIES or rule_id in out:
                raise ConfigError(
                    f"规则登记表中的 {rule_id} 不完整或重复：请检查 {sorted(missing)} 与严重程度。",
                    f"rule {rule_id} in rules.yaml is incomplete or stands twice: check {sorted(missing)}"
                    " and its severity.",
                )
            out[rule_id] = RuleInfo(
                rule_id=rule_id,
                name_zh=line["zh"],
                name_en=line["en"],
                owner=line["owner"],
                severity=cast(Severity, line["severity"]),
                implemented_in=place,
            )
    return out


def rule_info(rule_id: str) -> RuleInfo:
    """The registry's line of one rule. Raises ConfigError for a rule that is not registered."""
    try:
        return load_registry()[rule_id]
    except KeyError:
        raise ConfigError(
            f"规则 {rule_id} 没有登记：请在 expectations/rules.yaml 中写明负责人与严重程度。",
            f"rule {rule_id} is not registered: give it an owner and a severity in expectations/rules.yaml.",
        ) from None

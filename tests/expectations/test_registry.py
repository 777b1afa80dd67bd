"""The registry and the code say the same, and neither says it twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
import yaml

from expectations import registry
from expectations.candidate import Clocks, build_rules, run_audit
from expectations.gate import RULES, run_gate
from expectations.registry import load_registry, rule_info
from expectations.statistics import HAPPENED
from zhixiao.contracts import load_contracts
from zhixiao.errors import ConfigError
from zhixiao.landing.reasons import CELL_REASONS
from zhixiao.landing.report import RefusalCode
from zhixiao.settings import PROJECT_DIR

from .builders import PAIR, make_candidate, settings_in
from .test_gate import sound


def test_every_rule_is_implemented_once_where_the_registry_says(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    make_candidate(settings)
    with duckdb.connect(str(settings.work_db), read_only=True) as con:
        candidate = [r.rule_id for r in build_rules(con, Clocks(PAIR.known_on, PAIR.as_of))]
    found = Counter((r.rule_id, "expectations/gate.py") for r in RULES)
    found.update((r, "expectations/candidate.py") for r in candidate)
    assert set(found.values()) == {1}
    lines = {
        (r.rule_id, r.implemented_in) for r in load_registry().values() if r.implemented_in in
        {"expectations/gate.py", "expectations/candidate.py"}
    }  # fmt: skip
    assert set(found) == lines


def registered(prefix: str) -> set[str]:
    return {r.removeprefix(prefix) for r in load_registry() if r.startswith(prefix)}


def test_what_landing_and_load_decide_is_registered() -> None:
    assert registered("landing.row.") | registered("load.row.") == set(CELL_REASONS)
    assert registered("landing.file.") == set(get_args(RefusalCode))


def test_every_dbt_test_is_registered() -> None:
    """A new kind of data test, or a new singular one, needs a line in rules.yaml: its owner and severity."""
    found = {"contract"}
    for file in (PROJECT_DIR / "dbt_project" / "models").rglob("*.yml"):
        for test in data_tests(yaml.safe_load(file.read_text(encoding="utf-8"))):
            found.add(test if isinstance(test, str) else next(iter(test)))
    found |= {f.stem for f in (PROJECT_DIR / "dbt_project" / "tests").glob("*.sql")}
    assert registered("dbt.") == found


def data_tests(node: Any) -> Iterator[Any]:
    """Every entry below a `data_tests` key, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from value if key == "data_tests" else data_tests(value)
    elif isinstance(node, list):
        for value in node:
            yield from data_tests(value)


def test_results_carry_the_registrys_owner_and_severity(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "candidate")
    make_candidate(settings)
    desk = sound(tmp_path / "gate")
    rows = [
        *run_gate(desk.settings, desk.drops).rows,
        *run_audit(settings, PAIR.known_on, PAIR.as_of).rows,
    ]
    contracts = load_contracts()
    for row in rows:
        info = rule_info(row.rule_id)
        owner = contracts[row.source].owner_department if info.owner == "source" and row.source else info.owner
        assert (row.severity, row.owner) == (info.severity, owner)


def test_no_severity_stands_in_the_code() -> None:
    """Severity and owner are the registry's: code that names them again could disagree with it."""
    for name in ("gate.py", "candidate.py", "rules.py"):
        text = (PROJECT_DIR / "expectations" / name).read_text(encoding="utf-8")
        assert 'severity="' not in text


def test_every_place_exists_and_every_line_is_readable() -> None:
    for info in load_registry().values():
        assert (PROJECT_DIR / info.implemented_in).exists(), info
        assert not info.name_zh.isascii() and info.name_en.isascii() and info.owner


def test_dates_of_events_stand_in_the_contracts() -> None:
    contracts = load_contracts()
    for source, column in HAPPENED.items():
        assert contracts[source].by_name[column].value_type in {"date", "timestamp", "period"}


def test_an_unregistered_rule_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="没有登记"):
        rule_info("gate.nowhere")


def test_an_incomplete_line_is_a_configuration_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules: {x.py: {a.b: {zh: 甲, en: a, owner: 乙, severity: fatal}}}", encoding="utf-8")
    monkeypatch.setattr(registry, "REGISTRY_FILE", file)
    load_registry.cache_clear()
    try:
        with pytest.raises(ConfigError, match="incomplete"):
            load_registry()
    finally:
        load_registry.cache_clear()

"""`python -m zhixiao.checks.seeds`: writes from the registry the seeds and the list of models that dbt reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zhixiao.checks.registry import Check, Threshold, load_checks, load_common
from zhixiao.harmless import csv_lines
from zhixiao.settings import PROJECT_DIR

SEEDS = PROJECT_DIR / "dbt_project" / "seeds" / "checks"
MACRO = PROJECT_DIR / "dbt_project" / "macros" / "_check_models.sql"

REGISTRY_COLUMNS = (
    "check_id", "slug", "model", "name_zh", "name_en", "family", "owner", "most_severity", "is_hard", "is_population",
    "has_p_value", "has_self_alarm", "unit", "check_version", "minimum_sample", "inputs", "exemptions_zh",
    "exemptions_en", "rule_zh", "rule_en", "formula", "ask_for_zh", "ask_for_en",
)  # fmt: skip
THRESHOLD_COLUMNS = ("check_id", "parameter", "value", "unit", "effective_from", "source", "note")


def registry_csv(checks: Iterable[Check]) -> str:
    """One row a check."""
    return _csv(
        REGISTRY_COLUMNS,
        [
            [
                c.check_id, c.slug, c.model, c.name.zh, c.name.en, c.family, c.owner, c.most, c.is_hard,
                c.is_population, c.has_p_value, c.has_self_alarm, c.unit, c.version, c.minimum_sample or "",
                " ".join(c.inputs),
                "；".join(e.zh for e in c.exemptions), "; ".join(e.en for e in c.exemptions), c.rule.zh, c.rule.en,
                c.formula, c.ask_for.zh, c.ask_for.en,
            ]
            for c in checks
        ],
    )  # fmt: skip


def threshold_csv(checks: Iterable[Check], common: Iterable[Threshold]) -> str:
    """One row a version of a parameter; check_id `all` for those that every check shares."""
    held = [("all", t) for t in common] + [(c.check_id, t) for c in checks for t in c.thresholds]
    rows = [[check, t.parameter, t.value, t.unit, t.effective_from, t.source, t.note] for check, t in held]
    return _csv(THRESHOLD_COLUMNS, rows)


def models_macro(checks: Iterable[Check]) -> str:
    """A macro with (check, model) of every check: dbt must know at parse time what the result table reads."""
    rows = "".join(f'        ("{c.check_id}", "{c.model}"),\n' for c in checks)
    return (
        "{# Generated from zhixiao/checks/registry by `python -m zhixiao.checks.seeds`. #}\n"
        f"{{% macro check_models() %}}\n    {{{{ return([\n{rows}    ]) }}}}\n{{% endmacro %}}\n"
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return csv_lines([columns, *([str(v).lower() if isinstance(v, bool) else v for v in row] for row in rows)])


def main() -> None:
    """Write all three."""
    checks = load_checks()
    SEEDS.mkdir(parents=True, exist_ok=True)
    (SEEDS / "check_registry.csv").write_text(registry_csv(checks), encoding="utf-8")
    (SEEDS / "check_threshold.csv").write_text(threshold_csv(checks, load_common()), encoding="utf-8")
    MACRO.write_text(models_macro(checks), encoding="utf-8")


if __name__ == "__main__":
    main()

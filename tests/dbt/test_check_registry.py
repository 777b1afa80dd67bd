"""Registry, seeds, models, unit tests and pages of the checks agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from zhixiao.checks import seeds
from zhixiao.checks.registry import Check, load_checks, load_common
from zhixiao.settings import PROJECT_DIR

MODELS = PROJECT_DIR / "dbt_project" / "models" / "checks"
CHECKS = load_checks()


def _model(check: Check) -> Path:
    found = [p for p in MODELS.rglob(f"{check.model}.*") if p.suffix in (".sql", ".py")]
    assert len(found) == 1, f"{check.check_id}: one model {check.model}, found {found}"
    return found[0]


def test_files_are_named_after_their_check() -> None:
    assert [c.check_id for c in CHECKS] == sorted({c.check_id for c in CHECKS})
    for path in (PROJECT_DIR / "zhixiao" / "checks" / "registry").glob("R*.yaml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["check_id"] == path.stem


def test_the_seeds_are_what_the_registry_says() -> None:
    assert (seeds.SEEDS / "check_registry.csv").read_text(encoding="utf-8") == seeds.registry_csv(CHECKS)
    assert (seeds.SEEDS / "check_threshold.csv").read_text(encoding="utf-8") == seeds.threshold_csv(
        CHECKS, load_common()
    )
    assert seeds.MACRO.read_text(encoding="utf-8") == seeds.models_macro(CHECKS)


def test_every_model_is_in_the_registry() -> None:
    named = {p.stem for p in MODELS.rglob("chk_*") if p.suffix in (".sql", ".py")}
    assert named == {c.model for c in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.check_id)
def test_a_model_answers_with_its_thresholds_and_examples(check: Check) -> None:
    path = _model(check)
    text = path.read_text(encoding="utf-8")
    for threshold in check.thresholds:
        assert f"'{threshold.parameter}'" in text or f'"{threshold.parameter}"' in text, threshold.parameter
    told = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))
    assert told["models"][0]["description"].startswith(f"Each row is the answer of {check.check_id} ")
    if path.suffix == ".sql":
        run = {t["name"] for t in told["unit_tests"]}
    else:
        tests = PROJECT_DIR / "tests" / "checks" / f"test_{check.model}.py"
        run = {line.split("(")[0][4:] for line in tests.read_text(encoding="utf-8").splitlines() if line[:4] == "def "}
    assert {e.test for e in check.examples} <= run, "each example of the page is a test"
    assert {"fail", "pass", "na"} <= {e.outcome for e in check.examples}
    if check.exemptions:
        assert "exempt" in {e.outcome for e in check.examples}

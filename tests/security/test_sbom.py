"""The bill of materials says what the lock says, and the audit finds what the committed list names."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from zhixiao.settings import PROJECT_DIR

LOCKS = ["requirements.lock", "requirements-tools.lock", "requirements-bootstrap.lock"]


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("zhixiao_sbom", str(PROJECT_DIR / "bin" / "sbom"))
    spec = importlib.util.spec_from_loader("zhixiao_sbom", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zhixiao_sbom"] = module
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.mark.parametrize("lock", LOCKS)
def test_the_bill_holds_every_pin_and_every_hash_of_the_lock(sbom: ModuleType, tmp_path: Path, lock: str) -> None:
    out = tmp_path / "bill.json"
    assert sbom.main([str(PROJECT_DIR / lock), "--output", str(out)]) == 0
    bill: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    text = (PROJECT_DIR / lock).read_text(encoding="utf-8")
    pins = sorted(re.findall(r"(?m)^([a-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", text))
    parts = bill["components"]
    assert sorted((c["name"], c["version"]) for c in parts) == pins
    assert all(c["purl"] == f"pkg:pypi/{c['name']}@{c['version']}" for c in parts)
    hashes = [h["content"] for c in parts for r in c["externalReferences"] for h in r["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", text))
    refs = [c["bom-ref"] for c in parts]
    assert len(set(refs)) == len(refs) and bill["dependencies"] == [{"ref": "zhixiao", "dependsOn": refs}]


def test_the_same_lock_gives_the_same_bill(sbom: ModuleType) -> None:
    lock = f"b==2 \\\n    --hash=sha256:{'1' * 64}\na==1 ; python_version < '3.12' \\\n    --hash=sha256:{'0' * 64}\n"
    bills = [json.dumps(sbom.bill(sbom.read_lock(lock), lock.encode(), "x")) for _ in range(2)]
    assert bills[0] == bills[1]
    first = json.loads(bills[0])["components"][0]
    assert first["name"] == "a" and first["properties"] == [
        {"name": "zhixiao:marker", "value": "python_version < '3.12'"}
    ]


@pytest.mark.parametrize("lock", ["a>=1\n", "a==1\n", "git+https://example.org/a\n"])
def test_a_lock_that_does_not_pin_is_an_error(sbom: ModuleType, lock: str) -> None:
    with pytest.raises(ValueError, match=r"no pinned version|has no hash"):
        sbom.read_lock(lock)


def test_no_lock_holds_what_the_list_names(sbom: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert sbom.main(["--audit"]) == 0
    assert re.match(r"0 of \d+ committed advisories are hit", capsys.readouterr().out)


def test_an_old_version_is_found(sbom: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "old.lock"
    lock.write_text(f"Jinja2==3.1.5 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert sbom.main(["--audit", str(lock)]) == 1
    assert "jinja2==3.1.5: CVE-2025-27516" in capsys.readouterr().out


def test_ranges_agree_with_packaging(sbom: ModuleType) -> None:
    versions = ["0.9", "1.0", "1.0.0", "1.2.3", "1.10", "2.0", "2023.7.22"]
    for affected in ["<1.0", "<=1.0", "==1.0", ">1.0,<2", ">=1.2.3,<1.10", ">=2015.4.28,<2023.7.22"]:
        for version in versions:
            assert sbom.is_hit(version, affected) == SpecifierSet(affected).contains(Version(version)), (
                version,
                affected,
            )


def test_every_advisory_is_whole(sbom: ModuleType) -> None:
    rows = sbom.read_advisories(sbom.ADVISORIES.read_text(encoding="utf-8"))
    assert rows == sorted(rows, key=lambda r: r["package"])
    for r in rows:
        assert re.fullmatch(r"(CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+)", r["advisory"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", r["noted_on"]) and r["what"]
        SpecifierSet(r["affected"])
        assert not r["fixed"] or not sbom.is_hit(r["fixed"], r["affected"])

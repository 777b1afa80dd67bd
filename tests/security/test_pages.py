"""Every page that we write escapes what it shows."""

from __future__ import annotations

import ast

from zhixiao.settings import PROJECT_DIR


def test_every_template_environment_escapes() -> None:
    found, open_ones = 0, []
    for room in ("zhixiao", "expectations", "dags"):
        for path in sorted((PROJECT_DIR / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Environment":
                    found += 1
                    given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                    if given.get("autoescape") not in ("True", "select_autoescape(default=True)"):
                        open_ones.append(path.name)
    assert found >= 3 and open_ones == []

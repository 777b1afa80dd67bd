"""What is put into SQL by an f-string: a literal, a constant, something quoted, a number, or a name that was looked at.

Values of people and of files go in as parameters or through `text()`, names through `quote()`. What the scan cannot
see to be one of these stands in `sql_names.yaml` with the reason why it is no text of others.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zhixiao.checks.registry import load_checks
from zhixiao.contracts import load_contracts
from zhixiao.landing.relation import quoted
from zhixiao.settings import PROJECT_DIR
from zhixiao.warehouse.schema import quote, text

CALLS = {"execute", "executemany", "sql", "query"}
GUARDS = {"quote", "text", "quoted", "file_literal", "landed", "len", "int"}
REASONS = {
    "contract": "names of sources and columns as the contracts of this repository have them (tested below)",
    "catalog": "names that the catalog of our own database gave, quoted where they were put together",
    "own": "names and clauses that the function or its class made itself, of constants, numbers and quoted texts",
    "code": "what callers write out in the code; their values are parameters",
}
NAMES = PROJECT_DIR / "tests" / "security" / "sql_names.yaml"


def is_safe(node: ast.expr, scope: dict[str, list[ast.expr]], seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression can be seen to hold no text of others."""

    def ok(n: ast.expr) -> bool:
        return is_safe(n, scope, seen)

    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            if name.lstrip("_").isupper():
                return True
            given_as = scope.get(name, [])
            return bool(given_as) and name not in seen and all(is_safe(v, scope, seen | {name}) for v in given_as)
        case ast.Attribute(attr=name):
            return name.isupper()
        case ast.JoinedStr(values=values):
            return all(ok(v.value) for v in values if isinstance(v, ast.FormattedValue))
        case ast.BinOp(left=left, right=right):
            return ok(left) and ok(right)
        case ast.IfExp(body=body, orelse=orelse):
            return ok(body) and ok(orelse)
        case ast.List(elts=elts) | ast.Tuple(elts=elts):
            return all(ok(e) for e in elts)
        case ast.GeneratorExp(elt=elt) | ast.ListComp(elt=elt):
            return ok(elt)
        case ast.Call(func=ast.Attribute(attr="join"), args=[joined]):
            return ok(joined)
        case ast.Call(func=ast.Attribute(attr="format", value=value), args=args):
            return ok(value) and all(ok(a) for a in args)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id=name), _]):
            return name in GUARDS
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name.lstrip("_") in GUARDS
        case ast.Starred(value=value):
            return ok(value)
    return False


def unsure(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(function, expression) of what is put into SQL and cannot be seen to be safe."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        scope: dict[str, list[ast.expr]] = {}
        for n in ast.walk(function):
            if isinstance(n, ast.Assign | ast.AnnAssign | ast.AugAssign) and n.value is not None:
                for target in n.targets if isinstance(n, ast.Assign) else [n.target]:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            plain = isinstance(target, ast.Name)
                            scope.setdefault(name.id, []).append(n.value if plain else ast.Name("unknown"))
        for n in ast.walk(function):
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in CALLS and n.args:
                yield from ((function.name, e) for e in _parts(n.args[0], scope))


def _parts(sql: ast.expr, scope: dict[str, list[ast.expr]]) -> Iterator[str]:
    if is_safe(sql, scope):
        return
    if isinstance(sql, ast.JoinedStr):
        for v in sql.values:
            if isinstance(v, ast.FormattedValue) and not is_safe(v.value, scope):
                yield ast.unparse(v.value)
    else:
        yield ast.unparse(sql)


@cache
def found() -> dict[str, dict[str, list[str]]]:
    """file -> function -> what is put into SQL there, as the code stands."""
    out: dict[str, dict[str, list[str]]] = {}
    for room in ("zhixiao", "expectations"):
        for path in sorted((PROJECT_DIR / room).rglob("*.py")):
            name = path.relative_to(PROJECT_DIR).as_posix()
            if name.startswith("zhixiao/simulate/"):
                continue
            for function, expression in unsure(ast.parse(path.read_text(encoding="utf-8"))):
                held = out.setdefault(name, {}).setdefault(function, [])
                if expression not in held:
                    held.append(expression)
    return {f: {k: sorted(v) for k, v in sorted(held.items())} for f, held in out.items()}


def looked_at() -> dict[str, dict[str, dict[str, Any]]]:
    return yaml.safe_load(NAMES.read_text(encoding="utf-8")) or {}


def test_whatever_goes_into_sql_was_looked_at() -> None:
    listed = looked_at()
    new = [
        f"{file}: {function}: {expression}"
        for file, functions in found().items()
        for function, expressions in functions.items()
        for expression in expressions
        if expression not in listed.get(file, {}).get(function, {}).get("names", [])
    ]
    assert not new, "quote() it, make it a parameter, or give the reason in sql_names.yaml"


def test_every_reason_is_one_of_the_known() -> None:
    assert {held["why"] for functions in looked_at().values() for held in functions.values()} <= set(REASONS)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('con.execute(f"select {x}")', ["x"]),
        ('con.execute("select " + x)', ["'select ' + x"]),
        ('con.execute("select %s" % x)', ["'select %s' % x"]),
        ('con.execute("select {}".format(x))', ["'select {}'.format(x)"]),
        ("con.execute(x)", ["x"]),
        ('q = f"select {x}"; con.execute(q)', ["q"]),
        ('a, b = x; con.execute(f"select {a}")', ["a"]),
        ('con.execute(f"select {quote(x)} from {T} where a = {text(x)}")', []),
        ('c = ", ".join(quote(n) for n in x); con.execute(f"select {c}")', []),
        ('con.execute("select ?", [x])', []),
    ],
)
def test_the_scan_sees(code: str, names: list[str]) -> None:
    assert [e for _, e in unsure(ast.parse(f"def f(con, x):\n    {code}\n"))] == names


def test_names_of_contracts_and_checks_are_plain() -> None:
    plain = re.compile(r"[a-z][a-z0-9_]*")
    for source, contract in load_contracts().items():
        assert plain.fullmatch(source)
        assert [c.name for c in contract.columns if not plain.fullmatch(c.name)] == []
    assert [c for c in load_checks() if not (plain.fullmatch(c.model) and re.fullmatch(r"R\d\d", c.check_id))] == []


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12))
def test_quoting_takes_any_text(value: str) -> None:
    con = duckdb.connect()
    for literal in (text(value), quoted(value)):
        assert con.execute(f"select {literal}").fetchone() == (value,)
    con.execute(f"create temp table {quote(value)} (a int)")
    assert con.execute("select table_name from duckdb_tables()").fetchall() == [(value,)]
    con.close()

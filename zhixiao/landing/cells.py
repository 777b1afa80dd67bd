"""From the text of a cell to a typed value, a reason, or a mark: as SQL, a whole column at a time.

Every contract column becomes a `CellSql`: a cheap reading that most cells pass (`fast`), a thorough one for
those that do not (`slow`, evaluated for them alone), and what follows from both. The grammar itself is in
`macros.sql`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from zhixiao.contracts import Column
from zhixiao.landing.units import Unit, factor, find_unit, suffixes

DATE_LOW, DATE_HIGH = "date '1990-01-01'", "date '2099-12-31'"

# An organisation's name has one of these; what has none may be a person (sources.md section 1).
ORGANISATION = (
    "公司|集团|企业|合伙|合作社|联合社|供销社|报社|出版社|旅行社|事务所|研究所|研究院|学院|学校|大学|中学|小学|幼儿园|医院"
    "|卫生院|银行|信用社|基金|信托|证券|保险|中心|委员会|管委会|居委会|村委会|政府|财政|国库|国资|税务|办事处|办公室"
    "|服务部|经营部|门市部|项目部|工程队|工作室|工厂|厂$|局$|站$|协会|商会|联合会|总部|分部|支行|分行|分局|法院|检察院"
    "|园区|产业园|工业园|开发区|农场|林场|养殖场|商店|超市|酒店|饭店|宾馆|村$|社区$|街道$|镇$|账户|专户|资金池|电站"
    "|(?i:\\b(?:co|ltd|inc|gmbh|corp|llc|plc|ag|kg|bv|sa|limited|company|group|holdings?|bank|fund)\\b)"
)
FREE_TEXT = frozenset({
    "summary", "blocker", "revision_reason", "site_address", "task", "breach", "exit_action", "red_line", "introducer",
    "investor", "lead_role", "site_progress", "matched_partner", "account", "project_name", "responsible_unit",
    "service_unit", "signing_event",
})  # fmt: skip


@dataclass(frozen=True)
class CellSql:
    """SQL for one column over the layers of `land.py`.

    t_<name> is the cell's text (null marks gone), f_ and s_ the fast and the slow reading, n_ the value that
    both give, e_ the reason for quarantine, m_ the mark, and `final` what lands where that is not n_ itself.
    """

    name: str
    fast: str
    slow: str
    value: str
    error: str
    mark: str
    precision: str | None = None
    unit: str | None = None
    final: str | None = None


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def cell_sql(column: Column, unit: Unit | None, serial_base: str, pii_key: str, has_code: bool) -> CellSql:
    """Build the SQL of one column.

    `unit` is the column's unit in this file (None: none known), `serial_base` the day 0 of spreadsheet
    serials as SQL, `has_code` whether the file holds the credit code of a party column.
    """
    t = f"t_{column.name}"
    kind = column.value_type
    if column.is_numeric:
        return _number(column, unit, t)
    if kind == "date":
        return _dated(
            column,
            fast=f"case when try_cast({t} as date) >= date '1000-01-01' then try_cast({t} as date) end",
            slow=f"zx_date_of(zx_date_text({t}), {serial_base})",
            value="coalesce(f_{0}, s_{0}.d)",
            precision=f"case when f_{column.name} is not null then 'day' when s_{column.name}.d is not null"
            f" then s_{column.name}.p end",
        )
    if kind == "period":
        return _dated(
            column,
            fast=f"case when length({t}) between 6 and 7 then last_day(try_cast({t} || '-01' as date)) end",
            slow=f"{{'d': zx_period_of(zx_date_text({t}), {serial_base})}}",
            value="coalesce(f_{0}, s_{0}.d)",
        )
    if kind == "timestamp":
        return _dated(
            column,
            fast=f"case when try_cast({t} as timestamp) >= timestamp '1000-01-01'"
            f" then try_cast({t} as timestamp) end",
            slow=f"{{'d': zx_timestamp_of(zx_date_text({t}), {serial_base})}}",
            value="coalesce(f_{0}, s_{0}.d)",
        )
    if kind == "year":
        return _year(column, t, serial_base)
    if kind == "bool":
        return _plain(
            column,
            f"case when lower({t}) in ('是', 'y', 'yes', 'true', '1', '√', '有') then true"
            f" when lower({t}) in ('否', 'n', 'no', 'false', '0', '×', 'x') then false end",
            mark=f"case when {t} is not null and n_{column.name} is null then 'enum_unknown' end",
        )
    if kind == "enum":
        return _enum(column, t)
    if column.identifier in ("credit_code", "taxpayer_id"):
        return _credit_code(column, t, pii_key)
    if column.identifier == "project_code":
        return _plain(column, f"zx_project_codes({t})")
    if kind == "id":
        return _plain(column, f"zx_code({t})")
    return _text(column, t, pii_key, has_code)


def _key_error(column: Column) -> str:
    return f"when t_{column.name} is null then 'key_empty'" if column.is_key and column.required_in_file else ""


def _plain(column: Column, value: str, mark: str = "null") -> CellSql:
    error = f"case {_key_error(column)} end" if _key_error(column) else "null"
    return CellSql(column.name, fast=value, slow="null", value=f"f_{column.name}", error=error, mark=mark)


def _dated(column: Column, fast: str, slow: str, value: str, precision: str | None = None) -> CellSql:
    name = column.name
    error = (
        f"case {_key_error(column)} when t_{name} is null then null"
        f" when n_{name} is null then 'date_unreadable'"
        f" when cast(n_{name} as date) not between {DATE_LOW} and {DATE_HIGH} then 'out_of_bounds' end"
    )
    return CellSql(
        name, fast, f"case when t_{name} is not null and f_{name} is null then {slow} end", value.format(name),
        error, "null", precision,
    )  # fmt: skip


def _year(column: Column, t: str, serial_base: str) -> CellSql:
    name = column.name
    fast = f"case when length({t}) = 4 then try_cast({t} as integer) end"
    slow = (
        f"case when t_{name} is not null and f_{name} is null then"
        f" {{'d': coalesce(try_cast(regexp_extract(zx_date_text({t}), '^(\\d{{4}})(?:\\.0)?年?度?$', 1) as integer),"
        f" cast(year(zx_date_of(zx_date_text({t}), {serial_base}).d) as integer))}} end"
    )
    error = (
        f"case {_key_error(column)} when t_{name} is null then null"
        f" when n_{name} is null then 'date_unreadable'"
        f" when n_{name} not between 1990 and 2099 then 'out_of_bounds' end"
    )
    return CellSql(name, fast, slow, f"coalesce(f_{name}, s_{name}.d)", error, "null")


def _enum(column: Column, t: str) -> CellSql:
    name = column.name
    allowed = ", ".join(quote(a) for a in column.allowed)
    value = f"case when {t} in ({allowed}) then {t} else regexp_replace(zx_half({t}), '\\s', '', 'g') end"
    unknown = f"n_{name} is not null and n_{name} not in ({allowed})"
    if not column.is_key:
        return _plain(column, value, mark=f"case when {unknown} then 'enum_unknown' end")
    error = f"case {_key_error(column)} when {unknown} then 'enum_unknown' end"
    return CellSql(name, value, "null", f"f_{name}", error, "null")


def _credit_code(column: Column, t: str, pii_key: str) -> CellSql:
    name = column.name
    n = f"f_{name}"
    legacy = f"when length({n}) = 15 and s_{name} is null then null" if column.identifier == "taxpayer_id" else ""
    error = (
        f"case {_key_error(column)} when {n} is null or s_{name} is not null then null {legacy}"
        f" when regexp_full_match({n}, '[0-9](\\.[0-9]+)?E\\+?[0-9]+') then 'precision_lost'"
        f" when length({n}) <> 18 then 'uscc_length'"
        f" when regexp_full_match({n}, '[0-9ABCDEFGHJKLMNPQRTUWXY]{{18}}') then case"
        f" when regexp_full_match({n}, '[0-9]{{15}}000') and not zx_uscc_ok({n}) then 'precision_lost' end"
        f" else 'uscc_alphabet' end"
    )
    # A personal number becomes a keyed hash: the same person stays the same, and nobody can be named.
    personal = (
        f"case when zx_is_personal_id({n}) then"
        f" 'PID-' || substring(sha256({quote(pii_key)} || ':' || {n}), 1, 20) end"
    )
    return CellSql(
        name, f"upper(zx_code({t}))", personal, f"coalesce(s_{name}, {n})", error,
        f"case when length({n}) = 15 and s_{name} is null then 'legacy_15'"
        f" when s_{name} is not null then 'personal_id_hashed' end"
        if column.identifier == "taxpayer_id" else f"case when s_{name} is not null then 'personal_id_hashed' end",
    )  # fmt: skip


def _text(column: Column, t: str, pii_key: str, has_code: bool) -> CellSql:
    name = column.name
    value = f"zx_text({t})"
    if name in FREE_TEXT:
        value = f"zx_mask({value})"
    if column.party is None:
        return _plain(column, value)
    code = f"n_{column.party}" if has_code and column.party else "null"
    no_code = f"({code} is null or starts_with({code}, 'PID-'))" if code != "null" else "true"
    person = f"f_{name} is not null and {no_code} and not regexp_matches(f_{name}, {quote(ORGANISATION)})"
    hashed = f"'PER-' || substring(sha256({quote(pii_key)} || ':' || f_{name}), 1, 20)"
    base = _plain(column, value)
    return CellSql(
        name, value, "null", f"f_{name}", base.error, f"case when {person} then 'person_hashed' end",
        final=f"case when {person} then {hashed} else f_{name} end",
    )  # fmt: skip


def _number(column: Column, unit: Unit | None, t: str) -> CellSql:
    name = column.name
    own = find_unit(column.canonical_unit)
    here = unit or own
    k = factor(here, column.canonical_unit) if here is not None else Fraction(1)
    known = suffixes(column.value_type, column.canonical_unit)
    names = sorted(known, key=lambda u: (-len(u), u))
    multipliers = {} if "万" in known else {"万": k * 10_000, "亿": k * 100_000_000}
    alternatives = "|".join(re.escape(u).replace("\\%", "%") for u in [*names, *multipliers])
    pattern = (
        "^(约|大约|大概|近|≈|~)?(\\()?([+-]?)(\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d+)?|\\.\\d+)(\\))?"
        f"(?:\\(?({alternatives})\\)?)?(\\))?(左右|上下|余)?$"
    )
    parts = (
        f"regexp_extract(zx_without_thousands(zx_number_text({t})), {quote(pattern)},"
        " ['a', 'o', 'g', 'n', 'c', 'u', 'e', 'l'])"
    )
    slow = f"case when t_{name} is not null and f_{name} is null then {parts} end"
    s = f"s_{name}"
    sign = f"case when {s}.g = '-' or ({s}.o = '(' and {s}.c = ')') then -1 else 1 end"
    scaled = " ".join(
        f"when {quote(u)} then {_scaled(f'try_cast({s}.n as decimal(28,10))', f)}"
        for u, f in {**known, **multipliers}.items()
    )
    slow_value = (
        f"case when {s}.n is null or {s}.n = '' or ({s}.o = '(') <> ({s}.c = ')' or {s}.e = ')') then null else"
        f" cast({sign} as decimal(1,0)) * try_cast(case {s}.u {scaled}"
        f" else {_scaled(f'try_cast({s}.n as decimal(28,10))', k)} end as decimal(17,6)) end"
    )
    bounds = ""
    if column.value_type in ("money", "money_fx") and not column.negative_allowed:
        bounds = f"when n_{name} < 0 then 'out_of_bounds'"
    if column.unit == "(own text)" and unit is None:
        # Nothing outside the cell says the unit, so the cell must.
        bounds = f"when f_{name} is not null or {s}.u = '' then 'unit_unknown' " + bounds
    foreign = [quote(u) for u in names if column.value_type == "money" and _is_foreign(u)]
    unit_name = unit.name if unit is not None else (here.name if here else column.unit)
    fx = f" when {s}.u in ({', '.join(foreign)}) then 'fx_converted'" if foreign else ""
    if unit is not None and _is_foreign(unit.name) and column.value_type == "money":
        fx += f" when n_{name} is not null then 'fx_converted'"
    return CellSql(
        name=name,
        fast=_fast_number(t, k),
        slow=slow,
        value=f"cast(coalesce(f_{name}, {slow_value}) as decimal(18,6))",
        error=(
            f"case {_key_error(column)} when t_{name} is null then null"
            f" when n_{name} is null then case when {s}.n <> '' and try_cast({s}.n as double) >= 1e7"
            f" then 'out_of_bounds' else 'number_unreadable' end {bounds} end"
        ),
        mark=f"case when {s}.a <> '' or {s}.l <> '' then 'approximate'{fx} end",
        unit=f"case when t_{name} is null then null when {s}.u <> '' then {s}.u else {quote(unit_name)} end",
    )


def _is_foreign(unit_name: str) -> bool:
    unit = find_unit(unit_name)
    return unit is not None and unit.dimension == "money_fx"


def _fast_number(t: str, k: Fraction) -> str:
    if k == 1:
        return f"try_cast({t} as decimal(18,6))"
    return f"try_cast({_scaled(f'try_cast({t} as decimal(28,10))', k)} as decimal(18,6))"


def _scaled(number: str, k: Fraction) -> str:
    """`number` (a decimal(28,10)) times k: exact where k is a finite decimal, which it is for all money."""
    if k == 1:
        return number
    digits = _finite_decimal(k)
    if digits is None:
        return f"try_cast(cast({number} as double) * {k.numerator} / {k.denominator} as decimal(28,10))"
    product = f"try_cast({number} as decimal(28,10)) * cast({digits} as decimal({_width(digits)}))"
    return f"try_cast({product} as decimal(28,10))"


def _finite_decimal(k: Fraction) -> str | None:
    d = k.denominator
    for p in (2, 5):
        while d % p == 0:
            d //= p
    if d != 1:
        return None
    places = 0
    while (k * 10**places).denominator != 1:
        places += 1
    return f"{int(k * 10**places)}" if places == 0 else f"{float(k):.{places}f}"


def _width(digits: str) -> str:
    whole, _, frac = digits.partition(".")
    return f"{max(len(whole.lstrip('0')) + len(frac), 1)},{len(frac)}"

"""From the text of a cell to a typed value, a reason, or a mark: as SQL, a whole column at a time.

A column is read in two ways. The plain way is a cast or a comparison, which nearly every cell of nearly every
file passes. The thorough way knows the whole grammar of `sources.md` section 5 (`macros.sql`); its regular
expressions cost more to prepare than a small file costs to read. So `Cell.probe` says for which cells it is
needed, and a column gets it only where a probe of the file found such a cell (large files: always).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from zhixiao.contracts import Column
from zhixiao.landing.units import Unit, factor, find_unit, suffixes

DATE_LOW, DATE_HIGH = "date '1990-01-01'", "date '2099-12-31'"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

# An organisation's name has one of these; what has none may be a person (sources.md section 1).
ORGANISATION = (
    "公司|集团|企业|合伙|合作社|联合社|供销社|报社|出版社|旅行社|事务所|研究所|研究院|学院|学校|大学|中学|小学|幼儿园|医院"
    "|卫生院|银行|信用社|基金|信托|证券|保险|中心|委员会|管委会|居委会|村委会|政府|财政|国库|国资|税务|办事处|办公室"
    "|服务部|经营部|门市部|项目部|工程队|工作室|工厂|厂$|局$|站$|协会|商会|联合会|总部|分部|支行|分行|分局|法院|检察院"
    "|园区|产业园|工业园|开发区|农场|林场|养殖场|商店|超市|酒店|饭店|宾馆|村$|社区$|街道$|镇$|账户|专户|资金池|电站"
    "|(?i:\\b(?:co|ltd|inc|gmbh|corp|llc|plc|ag|kg|bv|sa|limited|company|group|holdings?|bank|fund)\\b)"
)


@dataclass(frozen=True)
class Cell:
    """SQL for one column over the layers of `land.py`.

    t_<name> is the cell's text (null marks gone), f_ and s_ the plain and the thorough reading, n_ the value
    that both give, e_ the reason for quarantine, m_ the mark, and `final` what lands where it is not n_ itself.
    `probe` is true for a cell that the plain reading does not settle.
    """

    plain: str
    value: str
    probe: str = "false"
    thorough: str | None = None
    error: str | None = None
    mark: str | None = None
    final: str | None = None
    precision: str | None = None
    unit: str | None = None


PII_KEY = "getvariable('pii_key')"
"""The key of persons' hashes is a variable of the connection, so that no statement that an error shows holds it."""


@dataclass(frozen=True)
class FileContext:
    """What a column's reading depends on beside its contract: this file's unit, epoch and other columns."""

    unit: Unit | None
    serial_base: str
    has_code: bool


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def cell_sql(column: Column, context: FileContext, thorough: bool) -> Cell:
    """The SQL of one column, with or without the thorough reading."""
    if column.is_numeric:
        return _number(column, context, thorough)
    if column.identifier in ("credit_code", "taxpayer_id"):
        return _credit_code(column, context, thorough)
    if column.identifier == "project_code":
        return _project_code(column, thorough)
    build: dict[str, Callable[[Column, FileContext, bool], Cell]] = {
        "date": _date,
        "period": _period,
        "timestamp": _timestamp,
        "year": _year,
        "bool": _bool,
        "enum": _enum,
        "id": _id,
        "text": _text,
    }
    return build[column.value_type](column, context, thorough)


def _case(*whens: str) -> str | None:
    """A CASE of the whens that say something, or None."""
    said = [w for w in whens if w]
    return f"case {' '.join(said)} end" if said else None


def _empty_key(column: Column) -> str:
    needed = column.is_key and column.required_in_file
    return f"when t_{column.name} is null then 'key_empty'" if needed else ""


def _unsettled(name: str) -> str:
    return f"t_{name} is not null and f_{name} is null"


def _is_plain_ascii(t: str) -> str:
    """Whether a text has neither a blank nor a character of more than one byte in it."""
    return f"(strlen({t}) = length({t}) and not contains({t}, ' ') and not contains({t}, e'\\n'))"


# -- dates --------------------------------------------------------------------------------------------------


def _dated(column: Column, plain: str, grammar: str, thorough: bool, precision: bool = False) -> Cell:
    name = column.name
    error = _case(
        _empty_key(column),
        f"when t_{name} is null then null",
        f"when n_{name} is null then 'date_unreadable'" if thorough else "",
        f"when n_{name} < {DATE_LOW} or n_{name} >= {DATE_HIGH} + interval 1 day then 'out_of_bounds'",
    )
    marks = f"case when f_{name} is not null then 'day'" + (
        f" when s_{name}.d is not null then s_{name}.p end" if thorough else " end"
    )
    return Cell(
        plain=plain,
        value=f"coalesce(f_{name}, s_{name}.d)" if thorough else f"f_{name}",
        probe=_unsettled(name),
        thorough=f"case when {_unsettled(name)} then {grammar} end" if thorough else None,
        error=error,
        precision=marks if precision else None,
    )


def _date(column: Column, context: FileContext, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    # A year of two digits is no year: `25-3-1` goes to the thorough reading, which refuses it.
    # The cast ignores what stands behind a date, and knows words such as `epoch`: it gets digits alone.
    is_plain = (
        f"{t} < ':' and case when strlen({t}) <= 10 then right({t}, 1) < ':' and not contains({t}, ' ')"
        f" else strlen({t}) = 19 and ends_with({t}, ' 00:00:00') end"
    )
    plain = f"case when {is_plain} and try_cast({t} as date) >= date '1000-01-01' then try_cast({t} as date) end"
    return _dated(column, plain, f"zx_date_of(zx_date_text({t}), {context.serial_base})", thorough, precision=True)


def _period(column: Column, context: FileContext, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    plain = f"case when length({t}) between 6 and 7 then last_day(try_cast({t} || '-01' as date)) end"
    return _dated(column, plain, f"{{'d': zx_period_of(zx_date_text({t}), {context.serial_base})}}", thorough)


def _timestamp(column: Column, context: FileContext, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    cast = f"try_cast({t} as timestamp)"
    plain = f"case when {t} < ':' and strlen({t}) <= 19 and {cast} >= timestamp '1000-01-01' then {cast} end"
    return _dated(column, plain, f"{{'d': zx_timestamp_of(zx_date_text({t}), {context.serial_base})}}", thorough)


def _year(column: Column, context: FileContext, thorough: bool) -> Cell:
    name, t = column.name, f"t_{column.name}"
    grammar = (
        f"{{'d': coalesce(try_cast(regexp_extract(zx_date_text({t}), '^(\\d{{4}})(?:\\.0)?年?度?$', 1) as integer),"
        f" cast(year(zx_date_of(zx_date_text({t}), {context.serial_base}).d) as integer))}}"
    )
    return Cell(
        plain=f"case when length({t}) = 4 then try_cast({t} as integer) end",
        value=f"coalesce(f_{name}, s_{name}.d)" if thorough else f"f_{name}",
        probe=_unsettled(name),
        thorough=f"case when {_unsettled(name)} then {grammar} end" if thorough else None,
        error=_case(
            _empty_key(column),
            f"when t_{name} is null then null",
            f"when n_{name} is null then 'date_unreadable'" if thorough else "",
            f"when n_{name} not between 1990 and 2099 then 'out_of_bounds'",
        ),
    )


# -- words --------------------------------------------------------------------------------------------------


def _bool(column: Column, context: FileContext, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    return Cell(
        plain=f"case when lower({t}) in ('是', 'y', 'yes', 'true', '1', '√', '有') then true"
        f" when lower({t}) in ('否', 'n', 'no', 'false', '0', '×', 'x') then false end",
        value=f"f_{column.name}",
        error=_case(_empty_key(column)),
        mark=f"case when {_unsettled(column.name)} then 'enum_unknown' end",
    )


def _enum(column: Column, context: FileContext, thorough: bool) -> Cell:
    name, t = column.name, f"t_{column.name}"
    allowed = ", ".join(quote(a) for a in column.allowed)
    unknown = f"when n_{name} not in ({allowed}) then 'enum_unknown'" if thorough else ""
    blanks_gone = (
        f"case when {t} in ({allowed}) then {t} else zx_mask(regexp_replace(zx_half({t}), '\\s', '', 'g')) end"
    )
    return Cell(
        plain=blanks_gone if thorough else t,
        value=f"f_{name}",
        probe=f"{t} not in ({allowed})",
        error=_case(_empty_key(column), unknown if column.is_key else ""),
        mark=None if column.is_key else _case(unknown),
    )


def _id(column: Column, context: FileContext, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    return Cell(
        plain=f"zx_code({t})" if thorough else t,
        value=f"f_{column.name}",
        probe=f"not {_is_plain_ascii(t)}",
        error=_case(_empty_key(column)),
    )


def _project_code(column: Column, thorough: bool) -> Cell:
    t = f"t_{column.name}"
    shape = " and ".join(f"substring({t}, {i}, 1) = '-'" for i in (5, 12, 15, 18))
    return Cell(
        plain=f"zx_project_codes({t})" if thorough else t,
        value=f"f_{column.name}",
        probe=f"not (length({t}) = 24 and strlen({t}) = 24 and {shape})",
        error=_case(_empty_key(column)),
    )


def _credit_code(column: Column, context: FileContext, thorough: bool) -> Cell:
    name, t = column.name, f"t_{column.name}"
    n = f"f_{name}"
    alphabet = f"when regexp_matches({n}, '[^{USCC_ALPHABET}]') then 'uscc_alphabet'"
    probe = f"not {_is_plain_ascii(t)} or length({t}) <> 18 or try_cast(substring({t}, 1, 17) as bigint) is not null"
    if not thorough:
        # Eighteen characters that are not all digits: neither a person's number nor one cut by a spreadsheet.
        return Cell(f"upper({t})", n, probe, error=_case(_empty_key(column), alphabet))
    legacy = f"when length({n}) = 15 then null" if column.identifier == "taxpayer_id" else ""
    return Cell(
        plain=f"upper(zx_code({t}))",
        value=f"coalesce(s_{name}, {n})",
        probe=probe,
        # A personal number becomes a keyed hash: the same person stays the same, and nobody can be named.
        thorough=f"case when zx_is_personal_id({n}) then"
        f" 'PID-' || substring(sha256({PII_KEY} || ':' || {n}), 1, 20) end",
        error=_case(
            _empty_key(column),
            f"when {n} is null or s_{name} is not null then null",
            legacy,
            f"when length({n}) <> 18 then case when regexp_full_match({n}, '[0-9](\\.[0-9]+)?E\\+?[0-9]+')"
            " then 'precision_lost' else 'uscc_length' end",
            alphabet,
            f"when ends_with({n}, '000') and try_cast({n} as bigint) is not null and not zx_uscc_ok({n})"
            " then 'precision_lost'",
        ),
        mark=_case(
            f"when s_{name} is not null then 'personal_id_hashed'",
            f"when length({n}) = 15 then 'legacy_15'" if column.identifier == "taxpayer_id" else "",
        ),
    )


def _text(column: Column, context: FileContext, thorough: bool) -> Cell:
    name, t = column.name, f"t_{column.name}"
    # Words are written by hand: somebody may have put a phone number into any of them.
    text = f"zx_text({t})"
    probe = f"zx_may_hold_person({t})"
    plain = f"zx_mask({text})" if thorough else text
    error = _case(_empty_key(column))
    if column.party is None:
        return Cell(plain, f"f_{name}", probe, error=error)
    code = f"t_{column.party}" if context.has_code and column.party else ""
    # Without a credit code, or with the hash of a person's number in its place (18 characters or not).
    unsure = f"({code} is null or {_may_be_person(code)} or {probe})" if code else "true"
    probe = f"t_{name} is not null and {unsure}"
    if not thorough:
        return Cell(plain, f"f_{name}", probe, error=error)
    no_code = f"(n_{column.party} is null or starts_with(n_{column.party}, 'PID-'))" if code else "true"
    person = f"f_{name} is not null and {no_code} and not regexp_matches(f_{name}, {quote(ORGANISATION)})"
    hashed = f"'PER-' || substring(sha256({PII_KEY} || ':' || f_{name}), 1, 20)"
    return Cell(
        plain=plain,
        value=f"f_{name}",
        probe=probe,
        error=error,
        mark=f"case when {person} then 'person_hashed' end",
        final=f"case when {person} then {hashed} else f_{name} end",
    )


def _may_be_person(t: str) -> str:
    return f"length({t}) <> 18 or try_cast(substring({t}, 1, 17) as bigint) is not null or strlen({t}) <> length({t})"


# -- numbers ------------------------------------------------------------------------------------------------


def _number(column: Column, context: FileContext, thorough: bool) -> Cell:
    name, unit = column.name, context.unit
    here = unit or find_unit(column.canonical_unit)
    k = factor(here, column.canonical_unit) if here is not None else Fraction(1)
    unit_name = here.name if here is not None else column.unit
    negative = ""
    if column.value_type in ("money", "money_fx") and not column.negative_allowed:
        negative = f"when n_{name} < 0 then 'out_of_bounds'"
    # Nothing outside the cell says the unit of an `(own text)` column, so the cell must.
    own_text = column.unit == "(own text)" and unit is None
    dollars = column.value_type == "money" and _is_foreign(unit_name)
    if not thorough:
        return Cell(
            plain=_guarded(f"t_{name}", _plain_number(f"t_{name}", k)),
            value=f"f_{name}",
            probe=_unsettled(name),
            error=_case(
                _empty_key(column), f"when f_{name} is not null then 'unit_unknown'" if own_text else "", negative
            ),
            mark=f"case when n_{name} is not null then 'fx_converted' end" if dollars else None,
            unit=f"case when t_{name} is not null then {quote(unit_name)} end",
        )
    s = f"s_{name}"
    known = suffixes(column.value_type, column.canonical_unit)
    multipliers = {} if "万" in known else {"万": k * 10_000, "亿": k * 100_000_000}
    scaled = " ".join(
        f"when {quote(u)} then {_scaled(f'try_cast({s}.n as decimal(28,10))', f)}"
        for u, f in {**known, **multipliers}.items()
    )
    sign = f"case when {s}.g = '-' or ({s}.o = '(' and {s}.c = ')') then -1 else 1 end"
    reading = (
        f"case when {s}.n is null or {s}.n = '' or ({s}.o = '(') <> ({s}.c = ')' or {s}.e = ')') then null else"
        f" cast({sign} as decimal(1,0)) * try_cast(case {s}.u {scaled}"
        f" else {_scaled(f'try_cast({s}.n as decimal(28,10))', k)} end as decimal(17,6)) end"
    )
    foreign = [quote(u) for u in known if column.value_type == "money" and _is_foreign(u)]
    return Cell(
        plain=_guarded(f"t_{name}", _plain_number(f"t_{name}", k)),
        value=f"cast(coalesce(f_{name}, {reading}) as decimal(18,6))",
        probe=_unsettled(name),
        thorough=f"case when {_unsettled(name)} then regexp_extract(zx_without_thousands(zx_number_text(t_{name})),"
        f" {quote(_number_pattern([*known, *multipliers]))}, ['a', 'o', 'g', 'n', 'c', 'u', 'e', 'l']) end",
        error=_case(
            _empty_key(column),
            f"when t_{name} is null then null",
            f"when n_{name} is null then case when {s}.n <> '' and try_cast({s}.n as double) >= 1e7"
            " then 'out_of_bounds' else 'number_unreadable' end",
            f"when f_{name} is not null or {s}.u = '' then 'unit_unknown'" if own_text else "",
            negative,
        ),
        mark=_case(
            f"when {s}.a <> '' or {s}.l <> '' then 'approximate'",
            f"when {s}.u in ({', '.join(foreign)}) then 'fx_converted'" if foreign else "",
            f"when n_{name} is not null then 'fx_converted'" if dollars else "",
        ),
        unit=f"case when t_{name} is null then null when {s}.u <> '' then {s}.u else {quote(unit_name)} end",
    )


def _number_pattern(units: list[str]) -> str:
    """One number with what may stand around it: 约, sign or bracket, unit (in brackets or not), 左右."""
    alternatives = "|".join(re.escape(u) for u in sorted(units, key=lambda u: (-len(u), u)))
    return (
        "^(约|大约|大概|近|≈|~)?(\\()?([+-]?)(\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d+)?|\\.\\d+)(\\))?"
        f"(?:\\(?({alternatives})\\)?)?(\\))?(左右|上下|余)?$"
    )


def _is_foreign(unit_name: str) -> bool:
    unit = find_unit(unit_name)
    return unit is not None and unit.dimension == "money_fx"


def _plain_number(t: str, k: Fraction) -> str:
    """A cast that keeps to 64-bit decimals, so that reading 元 as 万元 costs no more than reading 万元.

    The text is cast with just the digits that six decimals of the product need, and so few in front that the
    product cannot overflow; larger figures are left to the thorough reading.
    """
    if k == 1:
        return f"try_cast({t} as decimal(18,6))"
    digits = _finite_decimal(k)
    if digits is not None:
        mantissa = digits.replace(".", "").lstrip("0")
        places = len(digits.partition(".")[2])
        power_of_ten = mantissa.strip("0") == "1"
        scale = max(0, 6 - places + len(mantissa) - power_of_ten)
        width = 18 - len(mantissa)
        if width - scale >= 4:
            multiplier = f"cast({digits} as decimal({max(len(mantissa), places)},{places}))"
            return f"try_cast(try_cast({t} as decimal({width},{scale})) * {multiplier} as decimal(18,6))"
    return f"try_cast({_scaled(f'try_cast({t} as decimal(28,10))', k)} as decimal(18,6))"


def _guarded(t: str, plain: str) -> str:
    """The cast takes `1_000` for a thousand."""
    return f"case when not contains({t}, '_') then {plain} end"


def _scaled(number: str, k: Fraction) -> str:
    """`number` (a decimal(28,10)) times k: exact where k is a finite decimal, which it is for all money."""
    if k == 1:
        return number
    digits = _finite_decimal(k)
    if digits is None:
        return f"try_cast(cast({number} as double) * {k.numerator} / {k.denominator} as decimal(28,10))"
    whole, _, frac = digits.partition(".")
    width = max(len(whole.lstrip("0")) + len(frac), 1)
    return f"try_cast({number} * cast({digits} as decimal({width},{len(frac)})) as decimal(28,10))"


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
    return str(int(k)) if places == 0 else f"{float(k):.{places}f}"

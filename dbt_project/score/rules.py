"""What every published model owes its readers, judged from dbt's manifest without a database (dbt-score)."""

from dbt_score import Exposure, Model, RuleViolation, Seed, rule

PUBLISHED = ("marts", "marts_public", "checks", "quality")
GRAIN = ("unique", "unique_combination")


def is_published(model: Model) -> bool:
    """Whether a model's schema is one of those that are published."""
    return model.schema in PUBLISHED


@rule
def description_says_what_a_row_is(model: Model) -> RuleViolation | None:
    """The description of a published model begins "Each row is"."""
    if is_published(model) and not model.description.startswith("Each row is"):
        return RuleViolation(message="the description must begin with 'Each row is'")
    return None


@rule
def contract_is_enforced(model: Model) -> RuleViolation | None:
    """A published model has an enforced contract."""
    if is_published(model) and not model.config.get("contract", {}).get("enforced"):
        return RuleViolation(message="the contract is not enforced")
    return None


@rule
def columns_are_described(model: Model) -> RuleViolation | None:
    """Every column of a published model has a description, a Chinese label and a unit (empty where it has none)."""
    if not is_published(model):
        return None
    metas = {c.name: {**(c.config.get("meta") or {}), **(c.meta or {})} for c in model.columns}
    bare = [c.name for c in model.columns if not c.description or not metas[c.name].get("label_zh")]
    bare += [n for n, m in metas.items() if "unit" not in m]
    if bare:
        return RuleViolation(message=f"no description, label or unit: {', '.join(sorted(set(bare)))}")
    return None


@rule
def grain_is_tested(model: Model) -> RuleViolation | None:
    """A published model has a test of its grain: a unique column, or a unique combination."""
    if not is_published(model):
        return None
    names = [t.type for t in model.tests] + [t.type for c in model.columns for t in c.tests]
    if not any(n in GRAIN for n in names):
        return RuleViolation(message="nothing tests the grain")
    return None


@rule
def no_model_reads_a_clock(model: Model) -> RuleViolation | None:
    """No model reads today's date: the pair (known_on, as_of) says what time it is."""
    code = model.raw_code.lower()
    found = [w for w in ("current_date", "now()", "today()", "current_timestamp", "get_current_time") if w in code]
    if found:
        return RuleViolation(message=f"reads the clock: {', '.join(found)}")
    return None


@rule
def marts_read_no_source(model: Model) -> RuleViolation | None:
    """A mart reads models, never a raw table: what was known by known_on is decided in staging."""
    if model.schema in ("marts", "marts_public") and any(p.startswith("source.") for p in parents(model)):
        return RuleViolation(message="reads a raw table")
    return None


def parents(model: Model) -> list[str]:
    """The unique ids of the nodes that a model reads."""
    found: list[str] = model.depends_on.get("nodes", [])
    return found


@rule
def seed_is_described(seed: Seed) -> RuleViolation | None:
    """A seed says what its rows are."""
    if not seed.description:
        return RuleViolation(message="no description")
    return None


@rule
def exposure_names_its_owner(exposure: Exposure) -> RuleViolation | None:
    """An exposure has an owner, a description and something that it reads."""
    if not exposure.description or not exposure.owner or not exposure.depends_on.get("nodes"):
        return RuleViolation(message="owner, description or depends_on is missing")
    return None

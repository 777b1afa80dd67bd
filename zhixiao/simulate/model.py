"""What is true in the simulated district. Amounts are integers: 万元 for plans and investment, 分 for money that moved.

Dates and figures of these objects are facts; what a department states of them, and when, is `views`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from zhixiao.simulate.falsify.planting import NOTHING, Dial, Planting

if TYPE_CHECKING:
    from zhixiao.simulate.falsify.scene import Edit

FIRST_MONTH = 2021 * 12
LAST_MONTH = 2026 * 12
"""January 2026: the last month that is reported (received in February 2026)."""


@dataclass(frozen=True)
class Config:
    """What a world is made from: the seed, the district, the scale (1.0 = about 170 signings a year), the mess."""

    seed: int = 1
    district: str = "321204"
    scale: float = 1.0
    mess: str = "none"
    since: date | None = None
    """The first day on which anything is received: events of before come in the first delivery, months do not come."""
    dial: Dial = NOTHING
    """What is falsified."""
    small_firms: int = 0
    """Small taxpayers at scale 1.0: 8,000 give a district its million rows of tax, and nearly as many of power."""
    workbooks_from: date = date.min
    """What was received before this day came as CSV; date.max: a province delivers nothing else."""

    has_refusals: bool = True
    """Whether the mess holds files that must be refused: a run over them is red."""
    registers_monthly_from: date = date.min
    """Before this day the monthly registers came once a quarter."""

    def is_plain(self, received_on: date) -> bool:
        """Whether what is received on that day is all CSV."""
        return received_on < self.workbooks_from


@dataclass(frozen=True)
class Industry:
    """A class of GB/T 4754 with the words that its firms and projects are named after."""

    code: str
    chain: str
    firm_word: str
    product: str
    kwh_per_wan: int
    """kWh used for 1 万元 of sales."""
    tax_per_mille: int
    """Tax paid, in thousandths of sales."""


@dataclass
class Firm:
    """A firm, its register entry, and what it sells, uses, employs and pays by month (index 0 = FIRST_MONTH)."""

    uscc: str
    name: str
    registered_on: date
    capital: int
    industry: Industry
    reporting_unit: str
    town: str
    town_name: str
    controller: str | None
    is_background: bool
    base_sales: int
    """Monthly sales before any project, in 百元 (0.01 万元)."""
    office: str
    renamed: tuple[date, str] | None = None
    closed: tuple[date, str, str | None] | None = None
    """Day, 注销 or 吊销, credit code of the successor."""
    above_scale_from: int | None = None
    accounts: list[tuple[str, int]] = field(default_factory=list)
    """Power accounts: number and capacity in kVA."""
    self_generates: bool = False
    is_shared_meter: bool = False
    is_consolidated: bool = False
    unpaid: int = 0
    """Per mille of its tax that it owes and never pays."""
    relief: int = 0
    """Per mille of its tax that it is relieved of; the tax row says so."""
    odd_taxes: list[tuple[int, str, str, int]] = field(default_factory=list)
    """What else the treasury booked: month, item, subitem, 分."""
    sales: list[int] = field(default_factory=list)
    equipment: list[int] = field(default_factory=list)
    power: list[int] = field(default_factory=list)
    staff: list[int] = field(default_factory=list)

    def name_on(self, day: date) -> str:
        """Its registered name on that day."""
        return self.renamed[1] if self.renamed and day >= self.renamed[0] else self.name


@dataclass(frozen=True, slots=True)
class SmallFirm:
    """One of the many: in the register, with meters and a few taxes, and without series of its own."""

    uscc: str
    name: str
    registered_on: date
    capital: int
    industry_code: str
    town_name: str
    office: str
    turnover: int
    """百元 a month."""
    accounts: tuple[str, ...]


@dataclass
class Permit:
    """A construction permit and, where the building was accepted, the acceptance."""

    number: str
    site_no: str
    planning_no: str
    issued_on: date
    floor_area: int
    contract_fen: int
    accepted_on: date | None = None
    acceptance_no: str = ""
    cost_fen: int = 0


@dataclass
class Land:
    """A parcel granted to a firm."""

    supervision_no: str
    contract_no: str
    parcel_no: str
    area_ha: int
    """In 0.0001 公顷."""
    price_fen: int
    signed_on: date
    handover_on: date
    agreed_start: date
    agreed_completion: date
    intensity: int
    address: str


@dataclass
class FaiMonth:
    """What was invested in a month that is reported (February holds January)."""

    month: int
    build: int
    equipment: int
    other: int
    stage: str

    @property
    def total(self) -> int:
        return self.build + self.equipment + self.other


@dataclass
class Phase:
    """One filing: a project code and what hangs on it."""

    code: str
    name: str
    filing_no: str
    filed_on: date
    declared_on: date
    planned: int
    fixed: int
    path: str
    commitment_on: date | None
    first_stated_filed_on: date
    """What the first delivery said; another day than filed_on where a 更正 follows."""
    corrected_on: date | None = None
    changes: list[tuple[date, int]] = field(default_factory=list)
    """变更: the day and the new planned investment."""
    withdrawn_on: date | None = None
    land: Land | None = None
    permits: list[Permit] = field(default_factory=list)
    fai: list[FaiMonth] = field(default_factory=list)
    started_on: date | None = None
    completed_on: date | None = None
    building: int = 0
    """Works that are to be built, in 万元: what the contracts say."""


@dataclass
class Recognition:
    """What the bureau recognised. `kind` is one of 开工, 竣工, 投产, 达产, 达效."""

    kind: str
    actual_on: date
    recognised_on: date
    result: str


@dataclass
class Payment:
    """Money that moved through a supervised account."""

    paid_on: date
    second: int
    payer: str
    payer_uscc: str
    payee: str
    payee_uscc: str
    fen: int
    purpose: str
    contract_no: str
    contract_fen: int
    invoice_no: str
    is_instalment: bool
    is_cash_pool: bool


@dataclass
class Project:
    """A signing row from lead to 达效 or withdrawal; or, with an empty row_no, a filing that no ledger knows."""

    row_no: str
    name: str
    firm: Firm | None
    industry: Industry
    reporting_unit: str
    town: str
    town_name: str
    lead_on: date
    lead_channel: str
    signing_event: str | None
    introducer: str
    investor: str
    investor_origin: str
    is_foreign: bool
    is_expansion: bool
    driver: str | None
    signed: int
    """万元."""
    fixed: int
    equipment: int
    land_mu: int
    """0.01 亩."""
    leased_area: int
    involves_land: bool
    expected_sales: int
    expected_tax: int
    foreign_capital: int
    """0.01 万美元."""
    floor_area: int
    energy_tce: int
    is_ipo: bool
    red_line: str | None
    signed_on: date | None = None
    firm_known_from: date | None = None
    restated: tuple[date, int] | None = None
    """Day from which the ledger shows another signed amount, and that amount."""
    withdrawn_on: date | None = None
    is_ended: bool = False
    phases: list[Phase] = field(default_factory=list)
    started_on: date | None = None
    completed_on: date | None = None
    produced_on: date | None = None
    recognitions: list[Recognition] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    agreed_on: date | None = None
    agreement: dict[str, object] = field(default_factory=dict)

    @property
    def is_in_ledger(self) -> bool:
        return bool(self.row_no)


@dataclass
class World:
    """One district, whole."""

    config: Config
    firms: list[Firm]
    projects: list[Project]
    """In the order of the ledger."""
    loose: list[Project]
    """Filings that no ledger row shows."""
    towns: list[tuple[str, str]]
    units: list[str]
    small: list[SmallFirm] = field(default_factory=list)
    tax_sums: dict[int, dict[tuple[str, str], int]] = field(default_factory=dict, compare=False, repr=False)
    """Month -> (office, item) -> 分: kept from the detail for the summary."""
    plantings: list[Planting] = field(default_factory=list)
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    """By source: what a department states instead of what it would have, in the order in which it is applied."""

    @property
    def all_projects(self) -> list[Project]:
        return [*self.projects, *self.loose]

"""The truth, made from a seed: firms, projects from lead to 达效 or withdrawal, and their monthly series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from zhixiao.simulate import numbers
from zhixiao.simulate.calendar import add_months, first_of, month_of
from zhixiao.simulate.draws import Draws, Turns
from zhixiao.simulate.falsify.plant import plant
from zhixiao.simulate.model import (
    FIRST_MONTH,
    LAST_MONTH,
    Config,
    FaiMonth,
    Firm,
    Industry,
    Land,
    Payment,
    Permit,
    Phase,
    Project,
    Recognition,
    World,
)
from zhixiao.simulate.names import DOINGS, EXPANDING, INDUSTRY_WEIGHTS, Names
from zhixiao.simulate.places import place_of
from zhixiao.simulate.small import make_small_firms
from zhixiao.simulate.targets import recognise_targets

MONTHS = LAST_MONTH - FIRST_MONTH + 1
# The years before 2021 are the past that the first deliveries already show. Nine in ten are of 1 亿元 or more: the
# published counts are of those.
SIGNED_A_YEAR = {2017: 100, 2018: 115, 2019: 122, 2020: 140, 2021: 180, 2022: 203, 2023: 190, 2024: 180, 2025: 176}
STARTING = {2017: 620, 2018: 620, 2019: 600, 2020: 680, 2021: 490, 2022: 470, 2023: 580, 2024: 730, 2025: 740}
"""Per mille of the filings that come to a start, by the year of filing: the published starts rose from 61 to 100."""
LEFT = {2020: 300, 2021: 350, 2023: 160, 2024: 160}
LEFT_ELSE = 300
"""Per mille of the starts that never come to an end, by year: published completions are three fifths of the starts."""
BACKGROUND_FIRMS = 760
# 百元 a month, weights per mille: seven firms sell more than 10 亿元 a year, some 140 more than 1 亿元.
BASE_SALES = (
    ((2000, 12000), 238), ((17500, 70000), 674), ((84000, 400000), 45), ((430000, 780000), 33),
    ((900000, 1900000), 3), ((2600000, 3700000), 7),
)  # fmt: skip
# 亿元 in hundredths: thirty projects of 2022 started with 86.7 亿元 among them.
SIZES = (((20, 49), 33), ((50, 99), 67), ((100, 199), 420), ((200, 499), 350), ((500, 999), 90), ((1000, 3000), 40))
# Sales that a project comes to, in thousandths of its investment: of the city's completed projects two thirds sell
# less than half of what they cost, more than half less than three tenths.
YIELDS = (((40, 299), 560), ((300, 499), 100), ((500, 1200), 340))
LOOSE_FILINGS = 600
CHANNELS = (("以商引商", 25), ("产业链招商", 25), ("小分队招商", 20), ("基金招商", 10), ("场景招商", 8), ("其他", 12))
DRIVERS = (
    ("市场需求牵引型", 34), ("技术变革驱动型", 26), ("环保安全合规型", 12), ("总部生态引领型", 10),
    ("上市融资拓展型", 8), ("外资追加投资型", 10),
)  # fmt: skip
PATHS = (("常规", 66), ("承诺制", 12), ("容缺受理", 6), ("拿地即开工", 9), ("分阶段", 7))
ORIGINS = ("上海市", "江苏省苏州市", "浙江省杭州市", "广东省深圳市", "江苏省无锡市", "江苏省泰州市")
ABROAD = ("中国香港", "德国", "韩国", "新加坡", "日本")
INTRODUCERS = ("堰才招商公司", "区商务局", "区工信局", "区发改委", "区科技局")
FINANCE = ("样例区财政局", "")
PLANTED_YEARS = range(2017, 2026)


def make_world(config: Config) -> World:
    """Everything that is true in the district of this seed."""
    return Builder(config).world()


def _scaled(n: int, scale: float, least: int) -> int:
    # The scale is read in thousandths: no product of floats decides a count.
    return max(least, (n * round(scale * 1000) + 500) // 1000)


class Builder:
    """Makes one world; its small makers (a firm, a filing, a permit, a payment) also serve what is planted later."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.names = Names(self._draws("names"))
        self.place = place_of(config.district)
        self.towns, self.units = list(self.place.towns), list(self.place.parks)
        self.firms: list[Firm] = []
        self.made: list[Project] = []
        self.spare: list[Project] = []
        self.extras: dict[int, int] = {}
        self.serial = 0
        self.code_serial = 10000
        self.permit_serials: dict[date, int] = {}
        self.grants: dict[int, int] = {}
        self.turns = Turns(self._draws("turns"))

    def _draws(self, name: str) -> Draws:
        return Draws(self.config.seed, self.config.district, name)

    def world(self) -> World:
        for i in range(_scaled(BACKGROUND_FIRMS, self.config.scale, 10)):
            self._background_firm(self._draws(f"firm/{i}"))
        projects = self._projects()
        loose = [self._loose(self._draws(f"loose/{i}")) for i in range(_scaled(LOOSE_FILINGS, self.config.scale, 4))]
        self._shift_firms(self._draws("firm changes"), [*projects, *(p for p in loose if p.started_on)])
        for i, firm in enumerate(self.firms):
            self._series(firm, [p for p in projects if p.firm is firm], self._draws(f"series/{i}"))
        world = World(self.config, self.firms, projects, loose, self.towns, self.units)
        self.made = [*projects, *loose]
        recognise_targets(world)
        world.small = make_small_firms(
            self.config, _scaled(self.config.small_firms, self.config.scale, 0), self.names, self.place,
            self._credit_code, self._account,
        )  # fmt: skip
        plant(world, self, self.config.dial)
        return world

    # Firms

    def _place(self, draws: Draws) -> tuple[str, str, str]:
        """(reporting unit, town code, town name): parks are not towns, a town's projects may be a park's."""
        code, name = draws.pick(self.towns)
        unit = draws.pick(self.units) if self.units and draws.chance(550) else name
        return unit, code, name

    def _credit_code(self, is_recent: bool) -> str:
        self.serial += 1
        return numbers.credit_code(self.config.district, self.serial * 37 + 11, is_recent)

    def credit_code(self) -> str:
        """The code of a firm that is registered now."""
        return self._credit_code(True)

    def _account(self) -> str:
        self.serial += 1
        return f"321{self.serial * 37 + 1000:07d}"

    def _outsider(self, draws: Draws, word: str) -> tuple[str, str]:
        """A firm from elsewhere: a name and a credit code that the district's register does not hold."""
        return self.names.stem() + word, self._credit_code(True)

    def _background_firm(self, draws: Draws) -> None:
        industry = draws.weighted(INDUSTRY_WEIGHTS)
        unit, town, town_name = self._place(draws)
        registered = date(2004, 1, 5) + timedelta(days=draws.whole(0, 5200))
        base = self.turns.share("base", BASE_SALES)
        firm = Firm(
            uscc=self._credit_code(registered.year >= 2016),
            name=self.names.firm(self.names.stem(), industry.firm_word),
            registered_on=registered,
            capital=draws.whole(200, 6000),
            industry=industry,
            reporting_unit=unit,
            town=town,
            town_name=town_name,
            controller=self._credit_code(True) if draws.chance(300) else None,
            is_background=True,
            base_sales=draws.whole(*base),
            office=draws.pick(self.place.tax_offices),
        )
        firm.is_consolidated = draws.chance(20)
        if firm.base_sales * 12 >= 200000:
            firm.above_scale_from = draws.whole(2012, 2021)
        self._accounts(firm, draws)
        self.firms.append(firm)

    def _accounts(self, firm: Firm, draws: Draws) -> None:
        for _ in range(draws.weighted(((1, 85), (2, 15)))):
            firm.accounts.append((self._account(), draws.pick((100, 250, 500, 800, 1250, 2500, 5000))))
        firm.self_generates = draws.chance(60)
        firm.is_shared_meter = draws.chance(30)

    def _new_firm(self, draws: Draws, stem: str, industry: Industry, place: tuple[str, str, str], on: date) -> Firm:
        firm = Firm(
            uscc=self._credit_code(True),
            name=self.names.firm(stem, industry.firm_word),
            registered_on=on,
            capital=draws.whole(300, 20000),
            industry=industry,
            reporting_unit=place[0],
            town=place[1],
            town_name=place[2],
            controller=self._credit_code(True) if draws.chance(700) else None,
            is_background=False,
            base_sales=0,
            office=draws.pick(self.place.tax_offices),
        )
        self._accounts(firm, draws)
        self.firms.append(firm)
        return firm

    def _shift_firms(self, draws: Draws, projects: list[Project]) -> None:
        """Firms that are renamed, merged or struck off. Owners of projects are only ever renamed."""
        owners = {p.firm.uscc for p in projects if p.firm}
        for firm in self.firms:
            day = date(2022, 1, 1) + timedelta(days=draws.whole(0, 1400))
            if draws.chance(30) and day > firm.registered_on + timedelta(days=200):
                firm.renamed = (day, self.names.firm(self.names.stem(), firm.industry.firm_word))
            if firm.uscc in owners or not firm.is_background:
                continue
            if draws.chance(25):
                heirs = [f for f in self.firms if f.is_background and f.uscc in owners] or [self.firms[0]]
                firm.closed = (day, "注销", draws.pick(heirs).uscc if draws.chance(600) else None)
            elif draws.chance(10):
                firm.closed = (day, "吊销", None)

    # Projects

    def _projects(self) -> list[Project]:
        out: list[Project] = []
        for year in PLANTED_YEARS:
            n = _scaled(SIGNED_A_YEAR[year], self.config.scale, 3)
            leads = _scaled(14, self.config.scale, 1) if year >= 2024 else 0
            days = sorted(self._draws(f"signing days/{year}").wholes(0, 364, n + leads))
            for serial, offset in enumerate(days, start=1):
                draws = self._draws(f"project/{year}/{serial}")
                day = date(year, 1, 1) + timedelta(days=offset)
                out.append(self._project(draws, f"QY{year}{serial:04d}", day, is_lead=serial > n))
        return out

    def _project(self, draws: Draws, row_no: str, day: date, is_lead: bool) -> Project:
        low, high = self.turns.share("size", SIZES)
        signed = draws.whole(low, high) * 100
        is_expansion = draws.chance(450)
        owners = [f for f in self.firms if f.is_background]
        owner = draws.pick(owners) if is_expansion else None
        industry = owner.industry if owner else draws.weighted(INDUSTRY_WEIGHTS)
        place = (owner.reporting_unit, owner.town, owner.town_name) if owner else self._place(draws)
        stem = self.names.stem()
        name = stem + industry.product + draws.pick(EXPANDING if owner else DOINGS) + "项目"
        is_leased = draws.chance(260)
        is_foreign = draws.chance(130)
        sales = signed * draws.bell(400, 1000) // 1000 // 10 * 10
        investor = owner.name if owner else stem + draws.pick(("投资集团有限公司", "控股有限公司", "实业有限公司"))
        fixed = signed * draws.whole(700, 900) // 1000
        p = Project(
            row_no=row_no,
            name=name,
            firm=owner,
            industry=industry,
            reporting_unit=place[0],
            town=place[1],
            town_name=place[2],
            lead_on=day - timedelta(days=draws.whole(30, 240)),
            lead_channel=draws.weighted(CHANNELS),
            signing_event=f"{day.year}年{draws.pick(('新春', '长三角', '金秋'))}招商推介会"
            if draws.chance(500)
            else None,
            introducer=draws.pick(INTRODUCERS),
            investor=investor,
            investor_origin=draws.pick(ABROAD if is_foreign else ORIGINS),
            is_foreign=is_foreign,
            is_expansion=is_expansion,
            driver=draws.weighted(DRIVERS) if is_expansion else None,
            signed=signed,
            fixed=fixed,
            equipment=fixed * draws.whole(300, 600) // 1000,
            land_mu=0 if is_leased else max(800, signed * 100 // draws.whole(280, 600)),
            leased_area=draws.whole(20, 180) * 100 if is_leased else 0,
            involves_land=not is_leased,
            expected_sales=max(sales, 100),
            expected_tax=max(sales * industry.tax_per_mille * draws.whole(450, 780) // 1000000, 5),
            foreign_capital=signed * draws.whole(200, 500) // 72 if is_foreign else 0,
            floor_area=0 if is_leased else signed * draws.whole(8, 16) // 10,
            energy_tce=signed * draws.whole(2, 9) // 100,
            is_ipo=draws.chance(20),
            red_line="拟用地部分位于生态管控区" if draws.chance(12) else None,
        )
        if is_lead:
            return p
        p.signed_on = day
        if draws.chance(30) and day >= date(2021, 1, 1):
            p.restated = (day + timedelta(days=draws.whole(60, 300)), signed * draws.pick((8, 9, 11, 12)) // 10)
        self._filings(p, stem, place, draws)
        self._life(p, draws)
        self._claims(p, draws)
        self._agree(p, draws)
        return p

    def _filings(self, p: Project, stem: str, place: tuple[str, str, str], draws: Draws) -> None:
        """The firm and the filings of a signed project; 12 of 100 file nothing."""
        assert p.signed_on is not None
        if self.turns.chance("no filing", 120):
            if draws.chance(500):
                p.withdrawn_on = p.signed_on + timedelta(days=draws.whole(90, 700))
            return
        filed = p.signed_on + timedelta(days=draws.bell(4, 260))
        if p.firm is None:
            registered = max(p.signed_on - timedelta(days=20), filed - timedelta(days=draws.whole(8, 90)))
            p.firm = self._new_firm(draws, stem, p.industry, place, registered)
            p.firm_known_from = registered + timedelta(days=5)
        unit = draws.weighted(((1, 55), (10, 30), (100, 15)))
        total = p.signed * draws.whole(965, 1035) // 1000
        total = total // unit * unit if total >= 200 * unit else total
        second = not p.is_expansion and p.involves_land and p.signed >= 20000 and draws.chance(160)
        shares = (total * 6 // 10, total - total * 6 // 10) if second else (total,)
        for n, planned in enumerate(shares):
            day = filed if n == 0 else filed + timedelta(days=draws.whole(200, 500))
            name = p.name.replace("项目", ("一期项目", "二期项目")[n]) if second else p.name
            p.phases.append(self._phase(draws, name, day, planned, p.is_expansion, p.fixed * 1000 // p.signed))
        if draws.chance(40):
            p.phases[0].withdrawn_on = filed + timedelta(days=draws.whole(60, 400))
            if draws.chance(500):
                again = p.phases[0].withdrawn_on + timedelta(days=draws.whole(20, 120))
                p.phases.append(
                    self._phase(draws, p.phases[0].name, again, shares[0], p.is_expansion, p.fixed * 1000 // p.signed)
                )
        elif draws.chance(90):
            p.withdrawn_on = filed + timedelta(days=draws.whole(90, 600))
            # What has left the ledger files nothing more.
            p.phases = [ph for ph in p.phases if ph.filed_on < p.withdrawn_on]

    def _phase(
        self, draws: Draws, name: str, filed: date, planned: int, is_technical: bool, fixed_per_mille: int
    ) -> Phase:
        self.code_serial = (self.code_serial + 37) % 100000
        path = draws.weighted(PATHS)
        phase = Phase(
            code=numbers.project_code(
                self.config.district, filed - timedelta(days=draws.whole(0, 3)), "02" if is_technical else "01",
                self.code_serial,
            ),
            name=name,
            filing_no=f"{self.place.filing_prefix}〔{filed.year}〕{self.code_serial % 1000}号",
            filed_on=filed,
            declared_on=filed - timedelta(days=draws.whole(0, 3)),
            planned=planned,
            fixed=planned * fixed_per_mille // 1000,
            path=path,
            commitment_on=None if path == "常规" else filed + timedelta(days=draws.whole(5, 60)),
            first_stated_filed_on=filed,
        )  # fmt: skip
        if draws.chance(30):
            phase.first_stated_filed_on = filed + timedelta(days=draws.pick((-12, -6, 7, 15)))
            phase.corrected_on = filed + timedelta(days=draws.whole(40, 120))
        if draws.chance(70):
            phase.changes.append(
                (filed + timedelta(days=draws.whole(60, 400)), planned * draws.pick((85, 90, 110, 120)) // 100)
            )
        return phase

    def refile(self, p: Project, standing: Phase, draws: Draws) -> Phase:
        """Let a filing that stands be the second: the first was withdrawn shortly before. The first is returned."""
        first = self._phase(
            draws, standing.name, standing.filed_on - timedelta(days=90), standing.planned, p.is_expansion,
            standing.fixed * 1000 // standing.planned,
        )  # fmt: skip
        first.withdrawn_on, first.corrected_on, first.changes = standing.filed_on - timedelta(days=20), None, []
        first.first_stated_filed_on = first.filed_on
        p.phases.insert(p.phases.index(standing), first)
        return first

    def _life(self, p: Project, draws: Draws) -> None:
        """Land, permits, start, investment, completion and production of every filing."""
        has_land = draws.chance(860)
        for phase in p.phases:
            stops = phase.withdrawn_on is not None or p.withdrawn_on is not None
            if p.involves_land and has_land and not phase.withdrawn_on:
                self._grant(p, phase, draws, sum(not ph.withdrawn_on for ph in p.phases))
            starting = STARTING.get(phase.filed_on.year, STARTING[2025])
            if stops or not self.turns.chance(f"start/{p.signed >= 10000}", starting):
                p.is_ended = p.is_ended or (stops is False and draws.chance(150))
                continue
            self._start(p, phase, draws)
        started = [ph.started_on for ph in p.phases if ph.started_on]
        if not started:
            return
        p.started_on = min(started)
        finished = [ph.completed_on for ph in p.phases if ph.started_on]
        if all(finished):
            p.completed_on = max(d for d in finished if d)
            if draws.chance(920):
                p.produced_on = p.completed_on + timedelta(days=draws.whole(5, 130))
        self._pay(p, draws)

    def _grant(self, p: Project, phase: Phase, draws: Draws, parts: int) -> None:
        self.serial += 1
        day = phase.filed_on + timedelta(days=draws.bell(20, 220))
        grants = self.grants[day.year] = self.grants.get(day.year, 0) + 1
        area = p.land_mu * 100 // 15 // parts
        phase.land = Land(
            supervision_no=numbers.supervision_no(self.config.district, day.year, self.serial % 100000),
            contract_no=numbers.land_contract_no(self.config.district, day.year, grants),
            parcel_no=numbers.parcel_no(p.town, self.serial % 100000),
            area_ha=area,
            # 300 to 560 万元 for a hectare.
            price_fen=area * draws.whole(300, 560) * 100,
            signed_on=day,
            handover_on=day + timedelta(days=30),
            agreed_start=day + timedelta(days=draws.pick((90, 180, 300))),
            agreed_completion=day + timedelta(days=draws.pick((720, 900, 1080))),
            intensity=phase.planned * 10000 * draws.whole(660, 740) // 1000 // max(1, area),
            address=f"{self.place.address(p.town_name)}虚拟路{draws.whole(1, 199)}号",
        )

    def _start(self, p: Project, phase: Phase, draws: Draws) -> None:
        anchor = phase.filed_on
        if p.involves_land:
            granted = phase.land.signed_on if phase.land else phase.filed_on + timedelta(days=60)
            wait = draws.whole(0, 4) if phase.path == "拿地即开工" else draws.bell(10, 170)
            issued = granted + timedelta(days=wait)
            buildings = draws.weighted(((1, 60), (2, 28), (3, 12)))
            for n in range(buildings):
                self._permit(p, phase, issued + timedelta(days=n * draws.whole(5, 90)), buildings, draws)
            anchor = min(issued, phase.commitment_on) if phase.commitment_on else issued
        elif draws.chance(100):
            anchor = phase.filed_on + timedelta(days=draws.whole(20, 90))
            self._permit(p, phase, anchor, 1, draws)
        phase.started_on = anchor + timedelta(days=draws.bell(0, 60))
        months = draws.bell(13, 27) + min(14, phase.planned // 12000) + (0 if p.involves_land else -3)
        end = add_months(phase.started_on, max(3, months))
        is_left = self.turns.chance("left", LEFT.get(phase.started_on.year, LEFT_ELSE))
        self._invest(p, phase, end, is_left, draws)
        self._contract(phase, draws)
        if is_left:
            return
        phase.completed_on = end + timedelta(days=draws.whole(0, 40))
        for permit in phase.permits:
            permit.accepted_on = phase.completed_on - timedelta(days=draws.whole(0, 60))
        if phase.permits:
            phase.permits[-1].accepted_on = phase.completed_on
            if draws.chance(60):
                # A building that nobody ever brought to acceptance.
                phase.permits[0].accepted_on = None
        for permit in phase.permits:
            if permit.accepted_on:
                permit.accepted_on = max(permit.accepted_on, permit.issued_on + timedelta(days=20))
                self.serial += 1
                permit.acceptance_no = f"JB{self.config.district}{permit.accepted_on:%Y%m}{self.serial % 10000:04d}"
                permit.cost_fen = permit.contract_fen * draws.whole(960, 1060) // 1000

    def _permit(self, p: Project, phase: Phase, day: date, parts: int, draws: Draws) -> None:
        serial = self.permit_serials[day] = self.permit_serials.get(day, 0) + 1
        self.serial += 1
        area = max(600, (p.floor_area or p.leased_area) // parts // len(p.phases))
        phase.permits.append(
            Permit(
                number=numbers.construction_permit(self.config.district, day, serial),
                site_no=f"{self.config.district}{day:%y%m%d}{self.serial % 10000:04d}",
                planning_no=f"建字第{self.config.district}{day.year}GG{self.serial % 10000000:07d}号",
                issued_on=day,
                floor_area=area,
                contract_fen=0,
            )
        )

    def _contract(self, phase: Phase, draws: Draws) -> None:
        """Floor area and contract amounts of the permits: what is to be built, at a cost by the square metre."""
        cost = draws.bell(1500, 2700)
        for n, permit in enumerate(phase.permits):
            share = phase.building * (n + 1) // len(phase.permits) - phase.building * n // len(phase.permits)
            permit.floor_area = max(200, share * 10000 // cost)
            permit.contract_fen = share * draws.whole(970, 1120) * 1000 + draws.whole(1000, 99999)

    def _invest(self, p: Project, phase: Phase, end: date, is_left: bool, draws: Draws) -> None:
        """Monthly investment: an S-curve with weather, idle spells and lumps of equipment, in a rounding unit."""
        assert phase.started_on is not None
        begin = max(month_of(phase.started_on), month_of(phase.filed_on))
        n = max(2, month_of(end) - begin + 1)
        unit = draws.weighted(((1, 50), (10, 35), (100, 15)))
        # What goes beyond the plan was filed as a change before.
        total = min(phase.planned * draws.bell(760, 1080) // 1000, phase.planned, *(a for _, a in phase.changes))
        equipment = total * draws.whole(250, 550) // 1000 if p.involves_land else total * draws.whole(550, 800) // 1000
        # Other costs: fees all along, and the price of the land with the first report.
        land = phase.land.price_fen // 1000000 if phase.land else 0
        other = total * draws.whole(15, 40) // 1000
        build = phase.building = total - equipment - other - land
        idle = range(0)
        if n >= 8 and draws.chance(150):
            at = draws.whole(3, n - 4)
            idle = range(at, at + draws.whole(2, 4))
        weights = []
        for k in range(n):
            curve = (3 * (k + 1) ** 2 * n - 2 * (k + 1) ** 3) - (3 * k**2 * n - 2 * k**3)
            weather = {1: 60, 2: 45, 6: 85, 7: 75, 8: 90}.get((begin + k) % 12 + 1, 100)
            weights.append(0 if k in idle else max(1, curve) * weather * draws.whole(60, 140))
        lumps = [0] * n
        for _ in range(draws.whole(2, 4)):
            # Machines come over some months, a part of them all along.
            at, size = draws.whole(n // 3, n - 1), draws.whole(3, 10)
            for k in range(at, min(n, at + draws.whole(3, 5))):
                lumps[k] += size * draws.whole(60, 140)
        mean = max(1, sum(weights) // n)
        for k, w in enumerate(weights):
            lumps[k] = 0 if k in idle else lumps[k] + 500 * w // mean
        builds = _spread(build, weights, unit)
        equips = _spread(equipment, lumps if any(lumps) else weights, unit)
        others = _spread(other, weights, unit)
        # The price of the land is reported when the contract is signed, or with the first report after.
        at = max(0, min(n - 1, month_of(phase.land.signed_on) - begin)) if phase.land else 0
        others[at] += land // unit * unit
        reach = draws.whole(n // 3, n - 1) if is_left else n
        entry = begin + (draws.whole(0, 1) if draws.chance(300) else 0)
        months: dict[int, list[int]] = {}
        for k in range(reach):
            month = max(begin + k, entry)
            month += month % 12 == 0
            held = months.setdefault(month, [0, 0, 0])
            for i, series in enumerate((builds, equips, others)):
                held[i] += series[k]
        last = max(months)
        tail = 12 if is_left else draws.whole(2, 4)
        for month in range(min(months), min(LAST_MONTH, last + tail) + 1):
            if month % 12 == 0:
                continue
            b, e, o = months.get(month, [0, 0, 0])
            stage = "本年正式施工" if p.involves_land else "单纯购置"
            if month > last:
                stage = "全部停缓建" if is_left else "本年收尾"
            elif b + e + o == 0:
                stage = "全部停缓建"
            elif month == min(months) and p.involves_land:
                stage = "筹建"
            phase.fai.append(FaiMonth(month, b, e, o, stage))

    def _claims(self, p: Project, draws: Draws) -> None:
        """What was recognised: mostly what happened, sometimes a little earlier; nothing after a revocation."""
        standing = True

        def put(kind: str, actual: date) -> None:
            nonlocal standing
            if not standing:
                return
            recognised = actual + timedelta(days=draws.whole(8, 70))
            if draws.chance(50):
                p.recognitions.append(Recognition(kind, actual, recognised, draws.pick(("退回", "不通过"))))
                recognised += timedelta(days=draws.whole(70, 140))
                if draws.chance(250):
                    return
            p.recognitions.append(Recognition(kind, actual, recognised, "通过"))
            if draws.chance(25):
                standing = False
                p.recognitions.append(
                    Recognition(kind, actual, recognised + timedelta(days=draws.whole(95, 300)), "撤销")
                )

        if p.started_on and not draws.chance(60):
            early = draws.whole(8, 28) if draws.chance(120) else 0
            put("开工", max(p.started_on - timedelta(days=early), _may_start(p)))
        if p.completed_on and not draws.chance(60):
            put("竣工", p.completed_on - timedelta(days=draws.whole(8, 28) if draws.chance(100) else 0))
        if p.produced_on and not draws.chance(60):
            early = draws.whole(8, 28) if draws.chance(150) else 0
            put("投产", p.produced_on - timedelta(days=early))
            if draws.chance(450):
                put("达产", p.produced_on + timedelta(days=draws.whole(150, 420)))
            if draws.chance(850):
                put("达效", p.produced_on + timedelta(days=draws.whole(330, 760)))

    def _agree(self, p: Project, draws: Draws) -> None:
        if draws.chance(250):
            return
        assert p.signed_on is not None
        p.agreed_on = p.signed_on + timedelta(days=draws.whole(0, 60))
        start = p.signed_on + timedelta(days=draws.whole(120, 420))
        done = start + timedelta(days=draws.whole(300, 720))
        per_mu = p.land_mu > 0 and draws.chance(200)
        p.agreement = {
            "agreed_investment": p.signed,
            "agreed_equipment": p.equipment,
            "agreed_land_area": p.land_mu,
            "agreed_start_date": start,
            "agreed_completion_date": done,
            "agreed_production_date": done + timedelta(days=120),
            "agreed_on_target_date": done + timedelta(days=850),
            "agreed_sales": p.expected_sales * draws.whole(80, 110) // 100,
            "agreed_tax": None if per_mu else max(5, p.expected_tax * draws.whole(80, 110) // 100),
            # 0.01 万元/亩
            "agreed_tax_per_mu": p.expected_tax * 10000 // p.land_mu if per_mu else None,
        }

    def _pay(self, p: Project, draws: Draws) -> None:
        """Capital paid in, then works, equipment and land out of the supervised account; one of twenty has none."""
        assert p.firm is not None and p.started_on is not None
        if draws.chance(50):
            return
        investor = (p.investor, self._credit_code(True))
        builder = self._outsider(draws, "建设工程有限公司")
        vendor = self._outsider(draws, "装备有限公司")
        total = sum(m.total for ph in p.phases for m in ph.fai)
        is_instalment = draws.chance(60)
        ours = (p.firm.name, p.firm.uscc)
        lumps = draws.whole(2, 5)
        # Capital comes ahead of the works: all of it in the first two fifths of the months that there are.
        step = min(45, 12 * len({m.month for ph in p.phases for m in ph.fai}) // lumps)
        for k in range(lumps):
            day = p.started_on + timedelta(days=draws.whole(-45, -5) + k * step)
            fen = total * (2 if k == 0 else 1) * 1000000 // (lumps + 1) + draws.whole(0, 999999)
            self._payment(p, draws, day, investor, ours, fen, "到位资金", "", 0)
        if draws.chance(30):
            day = p.started_on + timedelta(days=draws.whole(200, 400))
            self._payment(p, draws, day, ours, investor, total * 50000, "往来", "", 0, is_cash_pool=True)
        for phase in p.phases:
            if phase.land:
                self._payment(
                    p, draws, phase.land.signed_on + timedelta(days=draws.whole(0, 25)), ours, FINANCE,
                    phase.land.price_fen, "土地", phase.land.contract_no, phase.land.price_fen,
                )  # fmt: skip
        self._pay_works(p, draws, builder, vendor, is_instalment)

    def _pay_works(
        self, p: Project, draws: Draws, builder: tuple[str, str], vendor: tuple[str, str], is_instalment: bool
    ) -> None:
        assert p.firm is not None
        ours = (p.firm.name, p.firm.uscc)
        builds = sum(m.build for ph in p.phases for m in ph.fai) * 1000000
        equips = sum(m.equipment for ph in p.phases for m in ph.fai) * 1000000
        for phase in p.phases:
            for m in phase.fai:
                for amount, purpose, party, face, letter in (
                    (m.build, "土建", builder, builds, "TJ"), (m.equipment, "设备", vendor, equips, "SB"),
                ):  # fmt: skip
                    if amount <= 0:
                        continue
                    day = first_of(m.month + draws.whole(0, 1)) + timedelta(days=draws.whole(5, 26))
                    fen = amount * draws.whole(930, 1000) * 1000
                    fen = fen if is_instalment else fen + draws.whole(0, 9999)
                    contract = f"HT-{p.row_no}-{letter}{phase.code[-2:]}"
                    self._payment(p, draws, day, ours, party, fen, purpose, contract, face, is_instalment)

    def pay_anew(self, p: Project, draws: Draws, is_instalment: bool = False) -> None:
        """Let works and machines be paid and bought as investment now says; whoever has no payments has none."""
        if p.firm is None:
            return
        old = [x for x in p.payments if x.purpose in ("土建", "设备")]
        parties = {x.purpose: (x.payee, x.payee_uscc) for x in old}
        if old:
            p.payments = [x for x in p.payments if x.purpose not in ("土建", "设备")]
            builder = parties.get("土建") or self._outsider(draws, "建设工程有限公司")
            vendor = parties.get("设备") or self._outsider(draws, "装备有限公司")
            self._pay_works(p, draws, builder, vendor, is_instalment)
        p.firm.equipment = [0] * MONTHS
        for m in (m for q in self.owned(p.firm) for ph in q.phases for m in ph.fai):
            if m.equipment > 0 and FIRST_MONTH <= m.month <= LAST_MONTH:
                p.firm.equipment[m.month - FIRST_MONTH] += m.equipment * draws.whole(93, 100)

    def begin(self, p: Project, draws: Draws, day: date) -> None:
        """Let the works of a project that stood still begin on a day: investment, payments, power on the site."""
        assert p.firm is not None
        phase = p.phases[0]
        phase.started_on = p.started_on = day
        self._invest(p, phase, add_months(day, 26), False, draws)
        self._pay(p, draws)
        if not p.firm.is_background:
            for at in range(max(0, month_of(day) - FIRST_MONTH), MONTHS):
                p.firm.power[at] = p.firm.power[at] or draws.whole(60, 900)

    def permit(self, p: Project, phase: Phase, day: date, draws: Draws) -> None:
        """A construction permit of that day."""
        self._permit(p, phase, day, 1, draws)

    def pay_one(self, p: Project, draws: Draws, day: date, fen: int) -> None:
        """One payment for works."""
        assert p.firm is not None
        party = self._outsider(draws, "建设工程有限公司")
        self._payment(p, draws, day, (p.firm.name, p.firm.uscc), party, fen, "土建", f"HT-{p.row_no}-TJ00", fen * 20)

    def outsider(self, draws: Draws, word: str) -> tuple[str, str]:
        """A firm from elsewhere."""
        return self._outsider(draws, word)

    def give_accounts(self, firm: Firm, draws: Draws) -> None:
        """Power accounts for a firm that has none."""
        self._accounts(firm, draws)

    def bare_firm(self, draws: Draws, registered: date) -> Firm:
        """A firm in the register that makes, uses and employs nothing."""
        firm = self._new_firm(
            draws, self.names.stem(), draws.weighted(INDUSTRY_WEIGHTS), self._place(draws), registered
        )
        firm.accounts, firm.controller = [], None
        firm.sales, firm.equipment, firm.power, firm.staff = ([0] * MONTHS for _ in range(4))
        return firm

    def another_firm(self, draws: Draws, wanted: Callable[[Firm], bool]) -> Firm | None:
        """One more standing firm without projects that is as wanted; None where chance gives none."""
        for _ in range(60):
            self._background_firm(draws)
            firm = self.firms[-1]
            firm.base_sales = draws.whole(40000, 240000)
            firm.above_scale_from = draws.whole(2012, 2021) if firm.base_sales * 12 >= 200000 else None
            self._series(firm, [], draws)
            if wanted(firm):
                return firm
            self.firms.pop()
        return None

    def owned(self, firm: Firm) -> list[Project]:
        """The projects of a firm."""
        return [p for p in self.made if p.firm is firm]

    def another(self, world: World, draws: Draws, wanted: Callable[[Project], bool]) -> Project | None:
        """One more signing of a new firm that is as wanted; None where chance gives none.

        What was drawn and not wanted waits for whoever asks next; its row numbers stay unused until then.
        """
        first = date(2021, 1, 10)
        last = date(2023, 12, 31)
        if self.config.since:
            first = max(first, self.config.since - timedelta(days=250))
            last = max(last, self.config.since + timedelta(days=90))
        found = next((n for n, p in enumerate(self.spare) if wanted(p)), None)
        # Who finds nothing among so many will find nothing among more.
        for _ in range(600 if found is None and len(self.spare) < 900 else 0):
            day = first + timedelta(days=draws.whole(0, (last - first).days))
            firms = len(self.firms)
            p = self._project(draws, self._next_row(world, day.year), day, is_lead=False)
            if p.firm is not None and not p.is_expansion:
                self._series(p.firm, [p], draws)
                # Nobody has looked whether it reached what it agreed.
                p.recognitions = [r for r in p.recognitions if r.kind != "达效"]
                self.spare.append(p)
            del self.firms[firms:]
            if self.spare and self.spare[-1] is p and wanted(p):
                found = len(self.spare) - 1
                break
        if found is None:
            return None
        p = self.spare.pop(found)
        assert p.firm is not None
        self.firms.append(p.firm)
        at = next((i for i, q in enumerate(world.projects) if q.row_no > p.row_no), len(world.projects))
        world.projects.insert(at, p)
        self.made.append(p)
        return p

    def _next_row(self, world: World, year: int) -> str:
        """A row number of the ledger that nobody has, not even who still waits."""
        used = self.extras.get(year) or sum(p.row_no[2:6] == str(year) for p in world.projects)
        self.extras[year] = used + 1
        return f"QY{year}{used + 1:04d}"

    def enter(self, world: World, p: Project) -> None:
        """Put a further project where the ledger has it."""
        at = next((i for i, q in enumerate(world.projects) if q.row_no > p.row_no), len(world.projects))
        world.projects.insert(at, p)
        self.made.append(p)

    def copy_of(self, world: World, p: Project, name: str, later: int, draws: Draws) -> Project:
        """A further row and filing of the same firm, so many days later: the same works, without land or money yet."""
        assert p.signed_on is not None
        day, old = p.signed_on + timedelta(days=later), p.phases[0]
        phase = self._phase(
            draws, name, old.filed_on + timedelta(days=later), old.planned, p.is_expansion,
            old.fixed * 1000 // old.planned,
        )  # fmt: skip
        phase.path, phase.commitment_on, phase.changes, phase.corrected_on = old.path, None, [], None
        phase.first_stated_filed_on, phase.building = phase.filed_on, old.building
        if old.commitment_on:
            phase.commitment_on = old.commitment_on + timedelta(days=later)
        if old.started_on:
            phase.started_on = old.started_on + timedelta(days=later)
        for m in old.fai:
            month = m.month + round(later / 30)
            month += month % 12 == 0
            if month <= LAST_MONTH and (not phase.fai or phase.fai[-1].month < month):
                phase.fai.append(replace(m, month=month))
        twin = replace(
            p, row_no=self._next_row(world, day.year), name=name, phases=[phase], recognitions=[], payments=[],
            signed_on=day,
            lead_on=p.lead_on + timedelta(days=later), started_on=phase.started_on, completed_on=None, produced_on=None,
            agreed_on=None, agreement={}, restated=None, withdrawn_on=None,
        )  # fmt: skip
        self.enter(world, twin)
        return twin

    def pay(self, p: Project, draws: Draws) -> None:
        """Money for a project that has none yet; at least capital, works and machines."""
        while not p.payments and any(m.total for ph in p.phases for m in ph.fai):
            self._pay(p, draws)

    def permits_anew(self, p: Project, draws: Draws, day: date) -> None:
        """One permit of its own for each filing, and what it is to build."""
        for phase in p.phases:
            phase.permits = []
            self._permit(p, phase, day, 1, draws)
            self._contract(phase, draws)

    def grant(self, p: Project, draws: Draws, parcel_no: str | None = None) -> Land:
        """Land for the first filing: a contract of its own, on a parcel of its own or on one that is named."""
        phase = p.phases[0]
        self._grant(p, phase, draws, len(p.phases))
        assert phase.land is not None
        phase.land.parcel_no = parcel_no or phase.land.parcel_no
        return phase.land

    def _payment(
        self, p: Project, draws: Draws, day: date, payer: tuple[str, str], payee: tuple[str, str], fen: int,
        purpose: str, contract: str, face: int, is_instalment: bool = False, is_cash_pool: bool = False,
    ) -> None:  # fmt: skip
        self.serial += 1
        p.payments.append(
            Payment(
                day, draws.whole(32400, 61200), *payer, *payee, fen, purpose, contract, face,
                f"3212{self.serial:016d}" if purpose in ("土建", "设备") else "", is_instalment, is_cash_pool,
            )
        )  # fmt: skip

    def filing_of(self, firm: Firm, name: str, filed: date, planned: int, draws: Draws) -> Project:
        """A filing of a firm that no row of the ledger shows."""
        p = Project(
            "", name, firm, firm.industry, firm.reporting_unit,
            firm.town, firm.town_name, date(2021, 1, 1), "其他", None, "", firm.name, "江苏省泰州市", False, True, None,
            planned, planned, planned // 2, 0, 0, False, 0, 0, 0, 0, 0, False, None,
        )  # fmt: skip
        p.phases.append(self._phase(draws, p.name, filed, planned, True, 1000))
        p.involves_land = True
        p.floor_area = planned * 2
        return p

    def _loose(self, draws: Draws) -> Project:
        """A filing of a standing firm that the investment bureau never signed: renovation, roof, purchase."""
        firm = draws.pick([f for f in self.firms if f.is_background])
        unit = draws.weighted(((1, 45), (10, 30), (100, 25)))
        planned = draws.weighted(((draws.whole(310, 1600), 60), (draws.whole(1600, 6000), 40))) // unit * unit
        name = self.names.stem() + firm.industry.product + draws.pick(EXPANDING) + "项目"
        p = self.filing_of(firm, name, date(2021, 2, 1) + timedelta(days=draws.whole(0, 1650)), planned, draws)
        if draws.chance(650):
            phase = p.phases[0]
            self._start(p, phase, draws)
            p.started_on, p.completed_on = phase.started_on, phase.completed_on
        return p

    # Months

    def _series(self, firm: Firm, projects: list[Project], draws: Draws) -> None:
        """Sales, equipment bought, power and staff, month by month."""
        sales = [0] * MONTHS
        if firm.base_sales:
            level = 1000
            for i in range(MONTHS):
                level = max(300, level + draws.whole(-23, 20))
                season = 55 if (FIRST_MONTH + i) % 12 == 1 else 100
                sales[i] = firm.base_sales * level * season * draws.whole(85, 115) // 10000000
        equipment = [0] * MONTHS
        for p in projects:
            for phase in p.phases:
                for m in phase.fai:
                    if m.equipment and FIRST_MONTH <= m.month <= LAST_MONTH:
                        equipment[m.month - FIRST_MONTH] += m.equipment * draws.whole(93, 100)
            self._ramp(p, sales, draws)
        end = MONTHS
        if firm.closed:
            end = max(0, min(MONTHS, month_of(firm.closed[0]) - FIRST_MONTH))
        firm.sales = [v if i < end else 0 for i, v in enumerate(sales)]
        firm.equipment = [v if i < end else 0 for i, v in enumerate(equipment)]
        begins = 0
        if not firm.is_background:
            # The site of a new firm has power from the start of construction on.
            days = [p.started_on for p in projects if p.started_on]
            begins = max(0, month_of(min(days)) - FIRST_MONTH) if days else MONTHS
        light = _lighting(firm.sales, [month_of(p.produced_on) - FIRST_MONTH for p in projects if p.produced_on])
        opened = next((i for i, v in enumerate(firm.sales) if v), MONTHS)
        firm.power = [
            v * firm.industry.kwh_per_wan * draws.whole(93, 107) // 10000
            + (
                light[i] * firm.industry.kwh_per_wan * draws.whole(90, 110) // 10000
                if i >= opened
                else draws.whole(60, 900)
            )
            if begins <= i < end
            else 0
            for i, v in enumerate(firm.sales)
        ]
        self._meter(firm, draws)
        people = draws.whole(4, 9)
        firm.staff = [
            (v // 40000 * people + v % 40000 * people // 40000 + people + draws.whole(0, 2) if i < end else 0)
            if first_of(FIRST_MONTH + i) >= firm.registered_on
            else 0
            for i, v in enumerate(firm.sales)
        ]
        for i in range(MONTHS):
            year = (FIRST_MONTH + i) // 12
            if firm.above_scale_from is None and i >= 12 and sum(firm.sales[i - 12 : i]) >= 200000:
                firm.above_scale_from = year + 1 if i % 12 > 2 else year

    def _meter(self, firm: Firm, draws: Draws) -> None:
        """Transformers by the highest month: a kVA gives 204 kWh a month, and there is some to spare."""
        peak = max(firm.power) * draws.whole(103, 125) // 100
        for n, (account, _) in enumerate(firm.accounts):
            share = peak if len(firm.accounts) == 1 else peak * (70 if n == 0 else 30) // 100
            firm.accounts[n] = (account, max(30, -(-share // 2040) * 10))

    def _ramp(self, p: Project, sales: list[int], draws: Draws) -> None:
        """The project's own sales: a trial month, a false start, then a ramp to what it can."""
        if not p.produced_on:
            return
        capacity = p.signed * 100 * draws.whole(*self.turns.share("yield", YIELDS)) // 12000
        begin = month_of(p.produced_on) - FIRST_MONTH
        reach = draws.whole(8, 20)
        if draws.chance(120) and 4 <= begin < MONTHS + 3:
            sales[begin - 4] += capacity // 40
        if draws.chance(80) and 0 <= begin < MONTHS:
            sales[begin] += capacity // 30
            begin += 4
        for i in range(max(0, begin), MONTHS):
            ramp = min(1000, 150 + 850 * (i - begin + 1) // reach)
            season = 60 if (FIRST_MONTH + i) % 12 == 1 else 100
            sales[i] += capacity * ramp * season * draws.whole(80, 120) // 10000000


def _may_start(p: Project) -> date:
    """The first day on which the papers allow works: a permit, or a commitment that stands for it."""
    days = []
    for phase in (ph for ph in p.phases if ph.started_on):
        assert phase.started_on is not None
        papers = [phase.filed_on, *([phase.land.signed_on] if phase.land else [])]
        papers += [min(x.issued_on for x in phase.permits)] if phase.permits else []
        days.append(min(phase.commitment_on or max(papers), max(papers), phase.started_on))
    return min(days)


def _lighting(sales: list[int], openings: list[int]) -> list[int]:
    """What a plant uses whether it works or not, as sales that would use as much: 22 % of the highest month that the
    plant of the time ever comes to. A project adds its plant with its production."""
    out = [0] * len(sales)
    cuts = [0, *sorted({min(max(0, k), len(sales)) for k in openings}), len(sales)]
    for a, b in pairwise(cuts):
        out[a:b] = [max(sales[:b], default=0) * 22 // 100] * (b - a)
    return out


def _spread(total: int, weights: list[int], unit: int) -> list[int]:
    """Share a total out by weights; every part is a multiple of the unit, the running sum never drifts."""
    whole = sum(weights) or 1
    out, running, told = [], 0, 0
    for w in weights:
        running += w
        upto = total * running // whole // unit * unit
        out.append(upto - told)
        told = upto
    return out

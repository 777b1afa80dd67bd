"""Invented names in the manner of the sample: a word for made-up, a rare character, a trade. No persons."""

from __future__ import annotations

from zhixiao.simulate.draws import Draws
from zhixiao.simulate.model import Industry

MADE_UP = "样拟幻虚设假仿例"
RARE = "岚峤衡澔翎栎砚湛珩霁琮辰岱屿垚璟泓蔚禾䶮𣲗"
TRADES = "材能机电科智工"
REGIONS = ("江苏", "泰州", "江苏", "")

INDUSTRIES = (
    Industry("3484", "高端装备", "齿轮科技", "精密齿轮", 340, 46),
    Industry("3670", "汽车零部件", "悬架科技", "悬架总成", 290, 42),
    Industry("3670", "汽车零部件", "制动系统", "制动卡钳", 300, 44),
    Industry("3311", "高端装备", "机械", "装配式构件", 310, 38),
    Industry("3841", "新能源", "电芯科技", "储能电芯", 420, 36),
    Industry("3825", "新能源", "光伏材料", "光伏组件", 390, 33),
    Industry("2641", "新材料", "涂料科技", "水性涂料", 260, 52),
    Industry("3974", "电子信息", "显示科技", "显示背光", 350, 40),
    Industry("1751", "纺织服装", "面料", "功能性面料", 430, 35),
    Industry("2770", "大健康", "敷料科技", "医用敷料", 210, 58),
    Industry("1495", "食品", "食品配料", "食品配料", 230, 45),
    Industry("3491", "高端装备", "机器人", "工业机器人", 250, 50),
    Industry("4416", "新能源", "光伏能源", "屋顶光伏发电", 20, 60),
    Industry("6513", "现代服务", "软件", "工业软件", 15, 55),
)
INDUSTRY_WEIGHTS = tuple((i, 6 if i.code not in ("4416", "6513") else 1) for i in INDUSTRIES)
DOINGS = ("制造基地", "产业化", "智能工厂", "生产线", "研发制造")
EXPANDING = ("扩产", "智能化改造", "技术升级")


class Names:
    """Gives each name once."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.used: set[str] = set()

    def stem(self) -> str:
        """A brand: three characters that no other firm of the world has in that order."""
        for _ in range(10000):
            stem = self.draws.pick(MADE_UP) + self.draws.pick(RARE) + self.draws.pick(TRADES)
            if stem not in self.used:
                self.used.add(stem)
                return stem
            if len(self.used) > 900:
                stem += self.draws.pick(RARE)
                stem += self.draws.pick(RARE) if len(self.used) > 9000 else ""
                if stem not in self.used:
                    self.used.add(stem)
                    return stem
        raise AssertionError("no name left")

    def firm(self, stem: str, word: str) -> str:
        region = self.draws.pick(REGIONS)
        if region and self.draws.chance(120):
            return f"{stem}{word}({region})有限公司"
        return f"{region}{stem}{word}有限公司"

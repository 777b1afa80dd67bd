"""Every check's planter, in the order of the catalogue, and how they are run over a finished world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zhixiao.simulate.draws import Draws
from zhixiao.simulate.falsify import (
    cross_source,
    duplicates,
    identities,
    money,
    populations,
    series,
    status,
    units,
)
from zhixiao.simulate.falsify.planting import Dial
from zhixiao.simulate.falsify.scene import Scene, Victims
from zhixiao.simulate.model import World

if TYPE_CHECKING:
    from zhixiao.simulate.build import Builder

Planter = Callable[[Scene], None]

PLANTERS: dict[str, Planter] = {
    **identities.PLANTERS,
    **duplicates.PLANTERS,
    **units.PLANTERS,
    **series.PLANTERS,
    **cross_source.PLANTERS,
    **status.PLANTERS,
    **money.PLANTERS,
    **populations.PLANTERS,
}


def plant(world: World, builder: Builder, dial: Dial) -> None:
    """Falsify a finished world in place, and write what was done to `world.plantings`."""
    victims = Victims()
    for check_id in sorted(PLANTERS):
        if dial.asks(check_id):
            draws = Draws(world.config.seed, world.config.district, f"falsify/{check_id}")
            scene = Scene(check_id, world, builder, dial, draws, victims)
            PLANTERS[check_id](scene)
            world.plantings += scene.plantings
    if world.plantings:
        moved = ("R07", "R13", "R27")
        cross_source.settle_contracts(world, {p.entity_id for p in world.plantings if p.check_id in moved})

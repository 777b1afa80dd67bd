from __future__ import annotations

import pytest

from tests.warehouse.house import House
from zhixiao.settings import Settings


@pytest.fixture
def house(settings: Settings) -> House:
    """An empty warehouse in a temporary directory."""
    return House(settings)

"""Write docs/pricing-table.md from the baskets that the tests check. Usage: python scripts/pricing_table.py"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "pricing-table.md"

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    PAGE.write_text(import_module("regulars.value.promotions.tests.pricing_table").page(), "utf-8")

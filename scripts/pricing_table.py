"""Write docs/pricing-table.md from the baskets that the tests check."""

from pathlib import Path

from regulars.value.promotions.tests import pricing_table

PAGE = Path(__file__).parents[1] / "docs" / "pricing-table.md"

if __name__ == "__main__":
    PAGE.write_text(pricing_table.page(), "utf-8")

"""What a purchase is worth: ledger, tiers, promotions, orders."""

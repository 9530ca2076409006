"""A town of shoppers, seeded: the same seed and end day give the same town."""

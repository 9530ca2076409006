"""Pure rules of members, by concern: numbers, normal forms, masks, attributes, pages."""

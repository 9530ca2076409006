"""Who they are: programs, staff, members, consent, events."""

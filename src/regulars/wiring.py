"""Everything that happens by itself. One line per consequence; nothing else reacts to anything."""

"""Programs that come with the house: one YAML document each, to begin with."""

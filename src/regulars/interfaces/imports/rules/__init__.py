"""Pure rules of imports: what a mapping means, and what a column of text is worth."""

from regulars.interfaces.imports.rules.convert import Staged, convert
from regulars.interfaces.imports.rules.mapping import read_mapping

__all__ = ["Staged", "convert", "read_mapping"]

"""Documents read from YAML or JSON and written as YAML, and changes told to people. Pure."""

from regulars.governance.publishing.rules.reading import LONGEST, plain, read_text, tidy
from regulars.governance.publishing.rules.telling import told
from regulars.governance.publishing.rules.writing import digest, write_text

__all__ = ["LONGEST", "digest", "plain", "read_text", "tidy", "told", "write_text"]

"""`python -m regulars.cli` is `regulars`."""

from regulars.cli import main

main()

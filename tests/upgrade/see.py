"""Prints what this release sees in the database of the environment, as JSON: run in a process of its own."""

import json
import os
import sys


def main():
    """Set Django up on the database of the environment and print what is in it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    import django

    django.setup()
    from tests.upgrade.make import seen

    sys.stdout.write(json.dumps(seen()) + "\n")


if __name__ == "__main__":
    main()

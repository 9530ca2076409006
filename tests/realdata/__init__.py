"""Tests on public data sets, which are not part of the project."""

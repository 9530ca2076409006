"""Tests of what all interfaces share."""

"""Tests of the whole house: its shape, its journeys, its stories."""

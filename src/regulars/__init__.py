"""Regulars: membership, loyalty and precision marketing for retailers, on PostgreSQL."""

__version__ = "0.1.0"

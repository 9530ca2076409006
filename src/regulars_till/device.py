"""The key of a till: a name the house knows, and a secret that never leaves the machine."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field

from regulars_till import ed25519

CONTEXT = b"regulars offline batch 1\n"


@dataclass(frozen=True)
class DeviceKey:
    """A till's name (as it is registered) and the seed of its Ed25519 key. Its repr hides the seed."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def make(cls, name: str) -> DeviceKey:
        """A new key. Register `public` with the house; keep `secret` where only the till reads it."""
        return cls(name, os.urandom(32))

    @classmethod
    def of_secret(cls, name: str, secret: str) -> DeviceKey:
        """The key again, from what `secret` gave."""
        return cls(name, base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))

    @property
    def secret(self) -> str:
        """The seed as text, to be kept."""
        return base64.urlsafe_b64encode(self.seed).decode().rstrip("=")

    @property
    def public(self) -> str:
        """The public key as text, to be registered."""
        return base64.urlsafe_b64encode(ed25519.public_key(self.seed)).decode().rstrip("=")

    def sign(self, body: bytes) -> str:
        """The signature of the bytes of an upload, as text."""
        return base64.urlsafe_b64encode(ed25519.sign(self.seed, CONTEXT + body)).decode().rstrip("=")

"""How log-in behaves: nobody signs up by herself, and second-factor secrets are encrypted in the database."""

from __future__ import annotations

import base64
import os
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12
_PURPOSE = b"regulars staff second factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Log-in for invited people only."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Never: people are added by whoever manages staff."""
        return False


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, sealed with a key that is derived from the installation's master key."""

    def get_totp_issuer(self) -> str:
        """The name that the code generator shows."""
        return "Regulars"

    def encrypt(self, text: str) -> str:
        """Seal one secret for the database."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + _cipher().encrypt(nonce, text.encode(), _PURPOSE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read a sealed secret back."""
        raw = base64.b64decode(encrypted_text)
        return _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], _PURPOSE).decode()


def _cipher() -> AESGCM:
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.MASTER_KEY)
    return AESGCM(key)

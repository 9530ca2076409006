"""The keys that sign allowances: sealed here, their public halves for everybody, one in use at a time."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction

from regulars.kernel import clock, secrets
from regulars.value.allowances.models import SigningKeyRow
from regulars.value.allowances.rules import tokens
from regulars.value.allowances.services.rows import key_of
from regulars.value.allowances.terms import SigningKey, Token

_PURPOSE = "allowances.signing_key"


def signing_keys(*, program_id: int) -> list[SigningKey]:
    """The public keys of a program's allowances, the newest first; one is made when there is none."""
    live_key(program_id=program_id)
    rows = SigningKeyRow.objects.filter(program_id=program_id).order_by("-id")
    return [key_of(row) for row in rows]


def live_key(*, program_id: int) -> SigningKey:
    """The key that signs now."""
    return key_of(_live(program_id))


def rotate_signing_key(*, program_id: int, actor: str) -> SigningKey:
    """Begin a new key. What the old one signed stays good until it expires."""
    with transaction.atomic():
        old = SigningKeyRow.objects.select_for_update().get(pk=_live(program_id).pk)
        if old.ends_at is None:
            old.ends_at = clock.now()
            old.save(update_fields=["ends_at"])
        return key_of(_live(program_id, actor))


def sign(*, token: Token) -> tuple[bytes, str]:
    """The signature of a token by the key that it names, and its text."""
    row = SigningKeyRow.objects.get(program_id=token.program_id, kid=token.kid)
    seed = secrets.open(token.program_id, bytes(row.data_key), bytes(row.sealed), _PURPOSE)
    told = tokens.payload(token)
    signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).sign(tokens.CONTEXT + told)
    return signature, tokens.text(told, signature)


def _live(program_id: int, actor: str = "system:allowances") -> SigningKeyRow:
    for _ in range(3):
        row = SigningKeyRow.objects.filter(program_id=program_id, ends_at=None).first()
        if row is not None:
            return row
        try:
            with transaction.atomic():
                return _made(program_id, actor)
        except IntegrityError:  # somebody else made one in this moment
            continue
    return SigningKeyRow.objects.get(program_id=program_id, ends_at=None)


def _made(program_id: int, actor: str) -> SigningKeyRow:
    seed, data_key = os.urandom(32), secrets.new_data_key(program_id)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKeyRow.objects.create(
        program_id=program_id,
        kid=os.urandom(4).hex(),
        public=public,
        data_key=data_key,
        sealed=secrets.seal(program_id, data_key, seed.hex(), _PURPOSE),
        made_at=clock.now(),
        made_by=actor,
    )

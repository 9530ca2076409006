"""The vectors of RFC 8032 (section 7.1), and agreement with a library that everybody trusts."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars_till import ed25519

# secret, public, message, signature: RFC 8032, 7.1, tests 1, 2, 3 and SHA(abc)
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
GROUP = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard_hold(secret, public, message, signature):
    seed, told = bytes.fromhex(secret), bytes.fromhex(message)
    assert ed25519.public_key(seed).hex() == public
    assert ed25519.sign(seed, told).hex() == signature
    assert ed25519.verify(bytes.fromhex(public), told, bytes.fromhex(signature))
    assert not ed25519.verify(bytes.fromhex(public), told + b"x", bytes.fromhex(signature))


def library_says(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@settings(max_examples=25, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_what_we_sign_the_library_verifies_and_the_other_way_round(seed, message):
    library = Ed25519PrivateKey.from_private_bytes(seed)
    public = library.public_key().public_bytes_raw()
    assert ed25519.public_key(seed) == public
    assert ed25519.sign(seed, message) == library.sign(message)
    assert ed25519.verify(public, message, library.sign(message))


@settings(max_examples=60, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), bit=st.integers(0, 511), message=st.binary(max_size=20))
def test_one_turned_bit_of_a_signature_is_refused_as_the_library_refuses_it(seed, bit, message):
    public, whole = ed25519.public_key(seed), ed25519.sign(seed, message)
    turned = bytearray(whole)
    turned[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(public, message, bytes(turned))
    assert not library_says(public, message, bytes(turned))


def test_a_signature_moved_by_the_order_of_the_group_is_refused():
    seed = b"\1" * 32
    signature = ed25519.sign(seed, b"x")
    moved = (int.from_bytes(signature[32:], "little") + GROUP).to_bytes(32, "little")
    assert not ed25519.verify(ed25519.public_key(seed), b"x", signature[:32] + moved)


@pytest.mark.parametrize(
    ("public", "signature"),
    [(b"", b"\0" * 64), (b"\0" * 32, b""), (b"\xff" * 32, b"\0" * 64), (b"\2" * 32, b"\0" * 64)],
)
def test_what_is_no_key_or_no_signature_verifies_nothing(public, signature):
    assert ed25519.verify(public, b"", signature) is False

"""Ed25519 (RFC 8032, section 5.1) in plain Python: a few milliseconds a signature, and nothing to install.

Verifying handles public values only. Signing is not written in constant time: it is for a till's own key on a till's
own machine. A vendor who has a crypto library may use that instead; signatures are the same to the byte.
"""

from __future__ import annotations

import hashlib

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]  # X, Y, Z, T of extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z
_ZERO = (0, 1, 1, 0)


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _double(p: _Point) -> _Point:
    a = p[0] * p[0] % _P
    b = p[1] * p[1] % _P
    c = 2 * p[2] * p[2] % _P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % _P
    g = a - b
    f = c + g
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _negative(p: _Point) -> _Point:
    return (_P - p[0], p[1], p[2], _P - p[3])


def _times(n: int, p: _Point) -> _Point:
    found = _ZERO
    for bit in bin(n)[2:]:
        found = _double(found)
        if bit == "1":
            found = _add(found, p)
    return found


def _sum_of_two(n: int, p: _Point, m: int, q: _Point) -> _Point:
    """n·p + m·q with one run of doublings."""
    both, found = _add(p, q), _ZERO
    for i in range(max(n.bit_length(), m.bit_length()) - 1, -1, -1):
        found = _double(found)
        one, other = n >> i & 1, m >> i & 1
        if one or other:
            found = _add(found, both if one and other else p if one else q)
    return found


def _x_of(y: int, sign: int) -> int | None:
    """The x of a point by its y; None when there is no such point."""
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _SQRT_M1 % _P
    if (x * x - x2) % _P:
        return None
    return _P - x if x & 1 != sign else x


def _encoded(p: _Point) -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decoded(text: bytes) -> _Point | None:
    number = int.from_bytes(text, "little")
    y = number & (1 << 255) - 1
    x = _x_of(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % _P)


_BY = 4 * pow(5, _P - 2, _P) % _P
_BX = _x_of(_BY, 0) or 0
_B = (_BX, _BY, 1, _BX * _BY % _P)


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _secrets(seed: bytes) -> tuple[int, bytes]:
    if len(seed) != 32:
        raise ValueError("a seed has 32 bytes")
    digest = hashlib.sha512(seed).digest()
    number = int.from_bytes(digest[:32], "little")
    return number & (1 << 254) - 8 | 1 << 254, digest[32:]


def public_key(seed: bytes) -> bytes:
    """The public key (32 bytes) of a seed (32 bytes)."""
    return _encoded(_times(_secrets(seed)[0], _B))


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature (64 bytes) of a message."""
    number, prefix = _secrets(seed)
    public = _encoded(_times(number, _B))
    r = _hash(prefix, message) % _L
    point = _encoded(_times(r, _B))
    s = (r + _hash(point, public, message) % _L * number) % _L
    return point + s.to_bytes(32, "little")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of a public key signed a message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    point = _decoded(public)
    s = int.from_bytes(signature[32:], "little")
    if point is None or s >= _L:
        return False
    k = _hash(signature[:32], public, message) % _L
    return _encoded(_sum_of_two(s, _B, k, _negative(point))) == signature[:32]

"""A till alone: what it believes, what it refuses, what it keeps."""

from __future__ import annotations

import base64
import json
import struct

import pytest

from regulars_till import (
    AllowanceExpired,
    AllowanceUsedUp,
    BadAllowance,
    BadSignature,
    DeviceKey,
    NotForThisTill,
    SigningKey,
    Till,
    TillError,
    UnknownSigningKey,
    UploadFailed,
    ed25519,
    read_allowance,
)

SEED = b"\7" * 32
KID = "01020304"
KEYS = {KID: SigningKey(KID, ed25519.public_key(SEED))}
NOW = 1_800_000_000
TEA = {"sku": "TEA", "quantity": "1", "amount_minor": 1_000}


def packed(*, version=1, kid=KID, program=1, amount=300, issued=NOW, hours=48, bound=1, unit="points", to="t1", n=1):
    head = struct.pack(
        ">B4sI16s16sQQQB", version, bytes.fromhex(kid), program, bytes([n]) * 16, b"m" * 16, amount, issued,
        issued + hours * 3600, bound,
    )  # fmt: skip
    return head + b"".join(bytes([len(w.encode())]) + w.encode() for w in (unit, to))


def text_of(payload, seed=SEED):
    raw = payload + ed25519.sign(seed, b"regulars allowance 1\n" + payload)
    return "RGA1:" + base64.b32encode(raw).decode().rstrip("=")


def snapshot(**more):
    return {
        "store": "bund",
        "currency": "CNY",
        "rule_version": 3,
        "server_time": "2027-01-15T08:00:00+00:00",
        "signing_keys": [
            {"kid": KID, "public_key": base64.urlsafe_b64encode(KEYS[KID].public).decode(), "ends_at": None}
        ],
        "earn_rates": [{"unit": "points", "points": 1, "per_minor": 100}],
        "tender_rates": [{"unit": "points", "points": 100, "minor": 1_000}],
        "allowances": [],
        **more,
    }


@pytest.fixture
def till(tmp_path):
    clock = [NOW + 60]
    with Till("bund", DeviceKey("t1", b"d" * 32), tmp_path / "j", clock=lambda: clock[0]) as till:
        till.now = clock
        till.learn(snapshot())
        yield till


def test_every_bit_of_an_allowance_is_signed():
    whole = base64.b32decode((text := text_of(packed()))[5:] + "=" * (-len(text[5:]) % 8))
    assert read_allowance(text, KEYS).amount == 300
    for bit in range(0, len(whole) * 8, 3):
        turned = bytearray(whole)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadAllowance):
            read_allowance("RGA1:" + base64.b32encode(bytes(turned)).decode().rstrip("="), KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 301},
        {"program": 2},
        {"issued": NOW + 1},
        {"hours": 49},
        {"bound": 2},
        {"unit": "growth"},
        {"to": "t2"},
        {"n": 2},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_field_changed_under_an_old_signature_is_refused(change):
    old = base64.b32decode((text := text_of(packed()))[5:] + "=" * (-len(text[5:]) % 8))[-64:]
    forged = "RGA1:" + base64.b32encode(packed(**change) + old).decode().rstrip("=")
    with pytest.raises(BadSignature):
        read_allowance(forged, KEYS)


def test_there_is_one_text_for_one_allowance():
    text = text_of(packed())
    assert read_allowance(f" {text.lower()}\n", KEYS).text == text
    for other in (
        text + "A",
        text + "=",
        text[:-1] + chr(ord(text[-1]) ^ 1),
        text[:5] + " " + text[5:],
        "RGA2:" + text[5:],
        "",
        "RGA1:",
    ):
        with pytest.raises(BadAllowance):
            read_allowance(other, KEYS)


@pytest.mark.parametrize(
    "payload", [packed(version=2), packed(bound=3), packed(amount=0), packed(hours=0), packed() + b"x", packed()[:-1]]
)
def test_a_form_that_is_not_known_is_refused_although_it_is_signed(payload):
    with pytest.raises(BadAllowance):
        read_allowance(text_of(payload), KEYS)


def test_a_key_that_is_unknown_or_was_out_of_use_signs_nothing():
    with pytest.raises(UnknownSigningKey):
        read_allowance(text_of(packed(kid="0a0b0c0d")), KEYS)
    with pytest.raises(BadSignature):
        read_allowance(text_of(packed(), seed=b"x" * 32), KEYS)
    old = {KID: SigningKey(KID, KEYS[KID].public, ends_at=NOW)}
    assert read_allowance(text_of(packed()), old).amount == 300
    with pytest.raises(UnknownSigningKey):
        read_allowance(text_of(packed(issued=NOW + 1)), old)


def test_an_allowance_pays_here_until_it_is_over_or_used_up(till):
    with pytest.raises(NotForThisTill):
        till.scan(text_of(packed(to="t2")))
    with pytest.raises(NotForThisTill):
        till.scan(text_of(packed(bound=2, to="web")))
    card = till.scan(text_of(packed()))
    till.sell([TEA], burns=[(card, 100, 100), (card, 150, 150)])
    assert till.remaining(card) == 50
    for asked in ([(card, 51, 51)], [(card, 30, 30), (card, 21, 21)], [(card, 0, 0)]):
        with pytest.raises(AllowanceUsedUp):
            till.sell([TEA], burns=asked)
    till.now[0] = NOW + 48 * 3600
    with pytest.raises(AllowanceExpired):
        till.sell([TEA], burns=[(card, 1, 1)])
    assert len(till.pending()) == 1


def test_a_till_that_starts_again_remembers_what_it_sold_and_burned(till, tmp_path):
    card = till.scan(text_of(packed(bound=2, to="bund")))
    sale = till.sell([TEA, {**TEA, "id": "x"}], burns=[(card, 100, 100)])
    till.close()
    with Till("bund", DeviceKey("t1", b"d" * 32), tmp_path / "j", clock=lambda: NOW) as again:
        assert [dict(p) for p in again.pending()] == [dict(sale.item)]
        assert again.remaining(card) == 200
        assert again.sell([TEA]).seq == 2
    with pytest.raises(TillError):
        Till("bund", DeviceKey("t2", b"d" * 32), tmp_path / "j")


def test_points_are_estimated_from_plain_rates_and_only_for_members(till):
    assert till.sell([TEA], member="mem_x").estimate == {"points": 10}
    assert till.sell([TEA]).estimate == {}
    assert till.snapshot.points_for("points", 1_001) == 101


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"sku": 1, "quantity": "1", "amount_minor": 1}],
        [{**TEA, "amount_minor": "1"}],
        [{**TEA, "id": "1"}, TEA | {"id": "1"}],
    ],
)
def test_a_mistake_of_the_tills_program_is_said_before_the_sale(till, lines):
    with pytest.raises(TillError):
        till.sell(lines)
    assert till.pending() == []


def test_nothing_is_forgotten_when_the_house_does_not_answer(till):
    till.sell([TEA])
    answers = [(503, b"{}"), (200, b"not json"), (200, b"[]")]

    def send(method, path, body, headers):
        return answers.pop(0)

    for _ in range(3):
        with pytest.raises(UploadFailed):
            till.sync(send)
    assert len(till.pending()) == 1


def test_a_long_day_is_uploaded_in_parts_each_signed(till):
    for _ in range(3):
        till.sell([TEA], member="mem_x")
    sent = []

    def send(method, path, body, headers):
        told = json.loads(body)
        assert ed25519.verify(
            ed25519.public_key(b"d" * 32),
            b"regulars offline batch 1\n" + body,
            base64.urlsafe_b64decode(headers["Till-Signature"] + "=="),
        )
        sent.append([o["seq"] for o in told["orders"]])
        first = told["orders"][0]["seq"]
        items = [{"seq": first, "outcome": "accepted", "conflicts": []}]
        return 200, json.dumps({"items": items, "missing": [], "clock_offset_ms": 0}).encode()

    report = till.sync(send, refresh=False)
    assert sent == [[1, 2, 3], [2, 3], [3]]  # only what was answered for is done
    assert (report.accepted, till.pending()) == (3, [])


def test_what_other_tills_used_is_not_there_any_more(till):
    text = text_of(packed(bound=2, to="bund"))
    card = till.scan(text)
    till.sell([TEA], burns=[(card, 50, 50)])
    told = {"id": card.id, "text": text, "amount": 300, "left": 200}
    till.learn(snapshot(allowances=[told]))
    assert till.remaining(card) == 150  # 100 elsewhere, which the house knew; 50 here, which it does not know yet
    assert [a.id for a in till.allowances_of(card.member)] == [card.id]

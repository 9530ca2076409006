"""What a posting means to the member, and the sums of a statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# a statement's name of each of the member's own accounts
ACCOUNTS = {"wallet": "active", "pending": "pending", "held": "held", "debt": "debt"}
OTHERS = frozenset({"issued", "spent", "expired", "breakage", "payable", "funder", "transit"})  # the program's
MEANINGS = (
    "earned",
    "spent",
    "given_back",
    "expired",
    "clawed_back",
    "transferred",
    "exchanged",
    "adjusted",
    "merged",
    "inside",
    "let_go",
)
_MERGES = frozenset({"absorb", "absorbed", "separate", "separated"})


def meaning(kind: str, debit: str, credit: str) -> str:
    """What value that went from one account to another is to the member.

    `inside`: it stays hers (begun, set aside, let go of, a debt repaid). `let_go`: the program let it go; she neither
    gained nor lost.
    """
    if debit in ACCOUNTS and credit in ACCOUNTS:
        return "inside"
    if debit not in ACCOUNTS and credit not in ACCOUNTS:
        return "let_go"
    other, is_gain = (debit, True) if credit in ACCOUNTS else (credit, False)
    if other == "transit":
        return "merged" if kind in _MERGES else "transferred"
    if kind == "adjust":
        return "adjusted"
    if kind == "exchange":
        return "exchanged"
    if other in ("spent", "payable"):
        return "given_back" if is_gain else "spent"
    if other in ("expired", "breakage"):
        return "given_back" if is_gain else "expired"
    return "earned" if is_gain else "clawed_back"


def effect(move: Mapping[str, Any]) -> int:
    """By how much a move raises what she has in all: above 0 a gain, below 0 a loss, 0 when it stays hers."""
    amount = int(move["amount"])
    return amount * ((move["to"] in ACCOUNTS) - (move["from"] in ACCOUNTS))


def moved(balance: Mapping[str, int], moves: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """A balance of one unit after the moves of that unit; a debt grows when it is debited."""
    after = {name: balance[name] for name in ACCOUNTS.values()}
    for move in moves:
        for account, way in ((move["to"], 1), (move["from"], -1)):
            if account in ACCOUNTS:
                after[ACCOUNTS[account]] += move["amount"] * (-way if account == "debt" else way)
    return {**after, "total": worth(after)}


def worth(balance: Mapping[str, int]) -> int:
    """What she has in all: active, pending and held, less what she owes."""
    return balance["active"] + balance["pending"] + balance["held"] - balance["debt"]


def totals(moves: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The moves of one unit summed by meaning, with sign; what stays hers and what was let go is left out."""
    sums: dict[str, int] = {}
    for move in moves:
        if move["as"] not in ("inside", "let_go"):
            sums[move["as"]] = sums.get(move["as"], 0) + effect(move)
    return {name: sums[name] for name in MEANINGS if name in sums}

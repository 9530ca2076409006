"""Publishing's hooks: the sections `earn_rules`, `promotions` and `policies` of a program document.

What coupons give (`coupon_templates[].gives`) is checked and kept here too, compiled with the promotions; the section
itself belongs to coupons.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from django.db import transaction

from regulars.kernel.errors import Invalid
from regulars.people.programs import services as programs
from regulars.people.programs.terms import Change
from regulars.value.promotions.models import BodyRow, PromotionRow, RuleRow, VersionRow
from regulars.value.promotions.rules import document as documents
from regulars.value.promotions.rules import writing
from regulars.value.promotions.rules.known import Known
from regulars.value.promotions.rules.writing_promotions import write_promotion, write_promotions
from regulars.value.promotions.terms import COUPON, Policies

SECTIONS = ("policies", "earn_rules", "promotions")
_LISTS = ("earn_rules", "promotions")
_BATCH = 500


def _plain(value: Any) -> Any:
    """A section as JSON holds it: exact decimals as text."""
    return orjson.loads(orjson.dumps(value, default=str))


def describe(program_id: int, version: int | None = None) -> dict[str, Any]:
    """Our sections of a version (None: the current one), canonical; empty where nothing was published.

    Raises: NoProgram.
    """
    program = programs.by_id(program_id=program_id)
    number = program.current_version if version is None else version
    row = VersionRow.objects.filter(program_id=program_id, version=number).first()
    if row is None:
        return {**writing.write((), Policies(), program.currency), "promotions": []}
    return canonical(kept(row))


def kept(row: VersionRow) -> dict[str, Any]:
    """A version as a document of our sections, with what coupons give."""
    bodies = RuleRow.objects.filter(program_id=row.program_id, version=row.version).order_by("place")
    rows = PromotionRow.objects.filter(program_id=row.program_id, version=row.version).order_by("place")
    named = [(p.key, bytes(p.digest)) for p in rows]
    digests = {digest for _, digest in named}
    said = {
        bytes(b.digest): b.body for b in BodyRow.objects.filter(program_id=row.program_id, digest__in=list(digests))
    }
    return {
        "program": {"currency": row.currency},
        "policies": row.policies,
        "earn_rules": [b.body for b in bodies],
        "promotions": [said[digest] for key, digest in named if not key.startswith(COUPON)],
        "coupon_templates": [
            {"key": key.removeprefix(COUPON), "gives": said[digest]}
            for key, digest in named
            if key.startswith(COUPON)
        ],
    }


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Our sections of a sound document, written in the one canonical way."""
    whole, currency = documents.read_whole(document), Known(document).currency
    told = writing.write(whole.rules, whole.policies, currency)
    return {**told, "promotions": write_promotions(whole.promotions, currency)}


def check(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every fault of our sections as (path, message); the others are only looked up for the keys we name."""
    return documents.read_whole(document).faults


def plan(program_id: int, document: Mapping[str, Any]) -> list[Change]:
    """What a document would change in rules, promotions and policies, beside the current version.

    Raises: Invalid with every fault; NoProgram.
    """
    _refuse(check(document))
    before, after = describe(program_id), canonical(document)
    changes = []
    if before["policies"] != after["policies"]:
        changes.append(Change(path="policies", action="change", before=before["policies"], after=after["policies"]))
    for section in _LISTS:
        old, new = ({r["key"]: r for r in s[section]} for s in (before, after))
        for key in [*new, *(k for k in old if k not in new)]:
            path, had, has = f"{section}.{key}", old.get(key), new.get(key)
            if had is None:
                changes.append(Change(path=path, action="add", after=has))
            elif has is None:
                changes.append(Change(path=path, action="retire", before=had, adverse=True))
            elif had != has:
                changes.append(Change(path=path, action="change", before=had, after=has))
    return changes


@transaction.atomic
def apply(program_id: int, version: int, document: Mapping[str, Any], actor: str) -> None:
    """Write the rules, promotions and policies of a new version, whole. Publishing records who did it and why.

    A body that an earlier version said too is not written again: only its digest is.

    Raises: Invalid with every fault, nothing written.
    """
    whole = documents.read_whole(document)
    _refuse(whole.faults)
    currency = Known(document).currency
    section = _plain(writing.write(whole.rules, whole.policies, currency))
    VersionRow.objects.create(program_id=program_id, version=version, currency=currency, policies=section["policies"])
    RuleRow.objects.bulk_create(
        [
            RuleRow(program_id=program_id, version=version, key=body["key"], place=n, body=body)
            for n, body in enumerate(section["earn_rules"])
        ]
    )
    rows, bodies = [], {}
    for n, one in enumerate((*whole.promotions, *whole.gives)):
        body = _plain(write_promotion(one, currency))
        digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()[:16]
        bodies[digest] = body
        rows.append(PromotionRow(program_id=program_id, version=version, key=one.key, place=n, digest=digest))
    known = BodyRow.objects.filter(program_id=program_id, digest__in=list(bodies)).values_list("digest", flat=True)
    for found in known:
        bodies.pop(bytes(found), None)
    BodyRow.objects.bulk_create(
        [BodyRow(program_id=program_id, digest=digest, body=body) for digest, body in bodies.items()],
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    PromotionRow.objects.bulk_create(rows, batch_size=_BATCH)


def policies(*, program_id: int) -> dict[str, Any]:
    """The current policies, as values that JSON can hold."""
    told: dict[str, Any] = _plain(describe(program_id)["policies"])
    return told


def _refuse(faults: list[tuple[str, str]]) -> None:
    if faults:
        raise Invalid(errors=faults)

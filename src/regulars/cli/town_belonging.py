"""What the people of the demo's town have of belonging: rewards, benefits, paid memberships, an adviser's notes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from regulars.kernel.errors import Refusal
from regulars.people.care import services as care
from regulars.people.members import services as members
from regulars.people.programs.terms import Program
from regulars.value.benefits import services as benefits
from regulars.value.rewards import services as rewards
from regulars.value.subscriptions import services as subscriptions

_PEOPLE, _CARED_FOR = 90, 6
_WANTED = ("tea-tin", "birthday-tea", "school-library", "tea-tin", "cupping")
_METHODS = ("ok", "ok", "ok", "declined")
_NOTE = "Likes the window seat; ask about the exhibition. 喜欢靠窗的位子。"


def enjoy(*, program: Program, adviser: int, actor: str) -> int:
    """Some members have rewards, use benefits and pay; answers how many acts. Harmless when repeated."""
    people = [_member(program, n) for n in range(200, 200 + _PEOPLE)]
    done = sum([_acts(program, n, member, actor) for n, member in enumerate(people) if member is not None])
    subscriptions.work(program_id=program.id)
    one = care.appoint(program_id=program.id, user_id=adviser, kind="adviser", capacity=40, actor=actor)
    for member in [m for m in people if m is not None][:_CARED_FOR]:
        if not care.current(program_id=program.id, member_id=member):
            care.assign(program_id=program.id, member_id=member, kind="adviser", adviser_id=one.id, actor=actor)
            care.write_note(program_id=program.id, member_id=member, text=_NOTE, actor=actor)
    return done


def _member(program: Program, n: int) -> UUID | None:
    try:
        return members.resolve(program_id=program.id, ref=f"external:T{n:05d}")
    except Refusal:
        return None  # a smaller town has fewer people


def _acts(program: Program, n: int, member: UUID, actor: str) -> int:
    told: dict[str, Any] = {"program_id": program.id, "member_id": member, "actor": actor}
    wanted = _WANTED[n % len(_WANTED)]
    where = {"session": "winter" if wanted == "cupping" else "", "store": "sh01" if wanted == "tea-tin" else ""}
    acts: list[Callable[[], object]] = [
        lambda: rewards.redeem(reward=wanted, key=f"town/{n}", **where, **told),
        lambda: benefits.use(benefit="refill", key=f"town/{n}", store="sh02", **told),
    ]
    if n % 3 == 0:
        plan = "leaf" if n % 2 else "leaf-year"
        acts.append(lambda: subscriptions.subscribe(plan=plan, method=_METHODS[n // 3 % 4], key=f"town/{n}", **told))
    return sum([_could(act) for act in acts])


def _could(act: Callable[[], object]) -> bool:
    try:
        act()
    except Refusal:  # too few points, not on this level: as in life
        return False
    return True

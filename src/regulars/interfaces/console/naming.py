"""What the things of a program are called, for a reader who knows no keys: by the version in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.governance.publishing.services import numbered
from regulars.interfaces.console import words
from regulars.interfaces.console.desk import Desk
from regulars.kernel import wording
from regulars.people.programs import services as programs
from regulars.people.programs.terms import NoStore

_NAMED = ("units", "ladders", "plans", "benefits", "packs", "rewards", "audiences", "promotions", "earn_rules")
_BY = {"level": "levels", "plan": "plans", "pack": "packs", "audience": "audiences", "choice": "benefits"}
_WHYS: dict[str, Any] = {
    "everyone": gettext_lazy("everyone"),
    "level": gettext_lazy("Level"),
    "plan": gettext_lazy("Plan"),
    "pack": gettext_lazy("Pack"),
    "audience": gettext_lazy("Audience"),
    "choice": gettext_lazy("Choice"),
}


class Names:
    """Names by kind and key; what the version in force does not know (any more) is called by its key."""

    def __init__(self, program_id: int, language: str) -> None:
        self._language = language
        self._document: Mapping[str, Any] = numbered.current(program_id=program_id).document
        self._program_id = program_id
        self._found: dict[str, dict[str, str]] = {}

    def of(self, kind: str, key: Any) -> str:
        """What one thing is called.

        Args: kind: a section of the program document, or `levels` (`main/gold`, `gold`, `gold+`), `stores`,
        `sessions` (`reward/session`), `sources` (what gave something), `occasions` (what a gift was for),
        `reasons` (why she has a benefit: `level main/gold`).
        """
        text = str(key or "")
        told = {
            "levels": self._level, "sources": self._source, "occasions": self._occasion, "reasons": self._reason,
            "sessions": self._session, "stores": self._store,
        }.get(kind)  # fmt: skip
        return told(text) if told else self._all(kind).get(text, text)

    def _all(self, kind: str) -> dict[str, str]:
        if kind not in self._found:
            makers = {"levels": self._levels, "channels": self._channels}
            told = makers[kind]() if kind in makers else self._section(kind)
            self._found[kind] = {key: name for key, name in told if name}
        return self._found[kind]

    def _section(self, kind: str) -> Iterator[tuple[str, str]]:
        for body in self._document.get(kind) or () if kind in _NAMED else ():
            yield str(body["key"]), self._called(body)

    def _levels(self) -> Iterator[tuple[str, str]]:
        for ladder in self._document.get("ladders") or ():
            for level in ladder.get("levels") or ():
                yield f"{ladder['key']}/{level['key']}", self._called(level)

    def _session(self, text: str) -> str:
        reward, _slash, key = text.partition("/")
        found = next((r for r in self._document.get("rewards") or () if r.get("key") == reward), {})
        one = next((x for x in found.get("sessions") or () if x.get("key") == key), None)
        if one is None:
            return key
        day = wording.day(one.get("starts"), self._language)
        return self._called(one) if one.get("name") else f"{day} {str(one.get('starts'))[11:16]}"

    def _occasion(self, text: str) -> str:
        kind, _slash, rest = text.partition("/")
        if kind in ("upgrade", "milestone"):
            return self._level("/".join(rest.split("/")[:2]))
        return rest if kind in ("birthday", "anniversary") else ""

    def _reason(self, text: str) -> str:
        what, _space, of = text.partition(" ")
        called = self.of(_BY[what], of) if what in _BY else of
        return f"{_WHYS.get(what, what)} {called}".strip()

    def _store(self, text: str) -> str:
        known = self._found.setdefault("stores", {})
        if text not in known:
            try:
                known[text] = programs.store(program_id=self._program_id, key=text).name
            except NoStore:
                known[text] = text
        return known[text]

    def _channels(self) -> Iterator[tuple[str, str]]:
        for channel in programs.channels(program_id=self._program_id):
            yield channel.key, channel.name

    def _called(self, body: Mapping[str, Any]) -> str:
        name = body.get("name")
        names = {"en": name} if isinstance(name, str) else name
        return words.named(names, str(body["key"]), self._language)

    def _level(self, text: str) -> str:
        if text.endswith("+"):
            return _("%(level)s and higher") % {"level": self._level(text[:-1])}
        known = self._all("levels")
        if text in known:
            return known[text]
        of_any = next((name for path, name in known.items() if path.endswith(f"/{text}")), text)
        return of_any if "/" not in text else text.rpartition("/")[2]

    def _source(self, text: str) -> str:
        head, _slash, rest = text.partition("/")
        if head == "promotion":
            return _("Promotion %(name)s") % {"name": self.of("promotions", rest.partition("/")[0])}
        return {
            "subscription": _("Paid membership"),
            "benefit": _("Benefit"),
            "staff": _("By hand"),
            "hand": _("By hand"),
            "gift": _("Gift"),
            "audience": _("Audience"),
        }.get(head, text)


def of(desk: Desk) -> Names:
    """The names of this request's program in the reader's language."""
    found: Names | None = getattr(desk.request, "regulars_names", None)
    if found is None:
        found = Names(desk.program.id, desk.language)
        desk.request.regulars_names = found  # type: ignore[attr-defined]
    return found

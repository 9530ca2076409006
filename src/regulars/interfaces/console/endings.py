"""How a paid membership can end today, in words: what goes back, what is forfeited and why, what is not settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from regulars.interfaces.console import words
from regulars.kernel import wording
from regulars.value.subscriptions import services as subscriptions
from regulars.value.subscriptions.terms import Forfeit, Quote, State, Subscription, Unsettled, When


def quotes(program_id: int, one: Subscription) -> dict[When, Quote]:
    """What ending it comes to, at the end of what is paid and at once; nothing for what has ended."""
    if one.state is State.ENDED:
        return {}
    return {
        when: subscriptions.quote_cancel(program_id=program_id, subscription_id=one.subscription_id, when=when)
        for when in (When.PERIOD_END, When.AT_ONCE)
    }


def told(found: Mapping[When, Quote], currency: str, language: str) -> list[tuple[str, list[str]]]:
    """Each way to end it with its sentences."""
    titles = {When.PERIOD_END: _("At the end of what is paid"), When.AT_ONCE: _("Now")}
    return [(titles[when], list(_sentences(quote, currency, language))) for when, quote in found.items()]


def _sentences(quote: Quote, currency: str, language: str) -> Iterator[str]:
    if quote.when is When.AT_ONCE:
        yield _("It ends today.")
        if quote.refund_minor:
            yield _("%(amount)s goes back.") % {"amount": wording.cash(quote.refund_minor, currency)}
        else:
            yield _("Nothing goes back.")
    elif quote.on is not None:
        yield _("It runs to %(day)s; nothing goes back.") % {"day": wording.day(quote.on, language)}
    for one in quote.forfeits:
        yield _forfeit(one, currency)
    if quote.unsettled is not None:
        yield _late(quote.unsettled, currency, language)


def _forfeit(one: Forfeit, currency: str) -> str:
    facts = {"amount": wording.cash(one.amount_minor, currency), "why": words.word("forfeit", one.why)}
    if one.what == "days":
        return _("Days that are paid, worth %(amount)s, are forfeited: %(why)s.") % facts
    return _("Credit of %(amount)s is forfeited: %(why)s.") % facts


def _late(late: Unsettled, currency: str, language: str) -> str:
    facts = {
        "amount": wording.cash(late.amount_minor, currency),
        "back": wording.cash(late.refund_minor, currency),
        "day": wording.day(late.until, language) if late.until else "",
    }
    if late.then == "runs":
        return (
            _("A charge of %(amount)s has no answer yet: if it was paid, it runs to %(day)s; if not, it ends.")
            % facts
        )
    if late.refund_minor:
        return _("A charge of %(amount)s has no answer yet: if it was paid, %(back)s goes back.") % facts
    return _("A charge of %(amount)s has no answer yet: if it was paid, it is forfeited.") % facts

"""The phrases of a public rules page, in English and Chinese."""

from __future__ import annotations

from regulars.kernel.wording import is_chinese

LANGUAGES = ("en", "zh-Hans")

PHRASES: dict[str, tuple[str, str]] = {
    "rules": ("Rules of the program", "会员规则"),
    "version": ("Version {number}, in force since {day}", "第 {number} 版，自 {day} 起生效"),
    "units": ("What you collect", "积分与成长值"),
    "earning": ("How you collect", "如何获得"),
    "paying": ("Paying with points", "积分抵现"),
    "levels": ("Levels", "等级"),
    "benefits": ("Benefits", "权益"),
    "rewards": ("Rewards", "兑换"),
    "plans": ("Paid membership", "付费会员"),
    "offers": ("Offers now", "当前优惠"),
    "fairness": ("Returns, late claims and changes", "退货、补登与变更"),
    "coming": ("Coming changes", "即将变更"),
    "never": ("does not expire", "永不过期"),
    "days": ("expires {n} days after you got it", "获得 {n} 天后过期"),
    "days.one": ("expires a day after you got it", "获得 1 天后过期"),
    "months": ("expires {n} months after you got it", "获得 {n} 个月后过期"),
    "months.one": ("expires a month after you got it", "获得 1 个月后过期"),
    "inactivity": ("expires after {n} months without use", "连续 {n} 个月无变动后过期"),
    "inactivity.one": ("expires after a month without use", "连续 1 个月无变动后过期"),
    "inactivity_days": ("expires after {n} days without use", "连续 {n} 天无变动后过期"),
    "inactivity_days.one": ("expires after a day without use", "连续 1 天无变动后过期"),
    "dated": ("expires on fixed dates", "在固定日期过期"),
    "after_days": ("can be used {n} days after you got it", "获得 {n} 天后可用"),
    "after_days.one": ("can be used a day after you got it", "获得 1 天后可用"),
    "after_event": ("can be used once your purchase is final", "订单完成后可用"),
    "owe": ("what a return takes back may become a debt", "退货扣回时可能出现负数"),
    "measure": ("counts for your level; it is not spent", "用于评定等级，不可消费"),
    "rate": ("{points} for every {per}", "每消费 {per} 得 {points}"),
    "fixed": ("{points} for each purchase", "每单得 {points}"),
    "per_unit": ("{points} for each item", "每件得 {points}"),
    "times": ("{n} times as much", "{n} 倍"),
    "cap": ("at most {n} in a {period}", "每{period}最多 {n}"),
    "from": ("from {day}", "自 {day} 起"),
    "until": ("until {day}", "至 {day} 止"),
    "some": ("under conditions", "须符合条件"),
    "places": ("in some stores or channels", "限部分门店或渠道"),
    "for_levels": ("for {levels}", "限 {levels}"),
    "tender": ("{points} pay {amount}", "{points} 抵 {amount}"),
    "tender.one": ("{points} pays {amount}", "{points} 抵 {amount}"),
    "tender_min": ("from {n} on", "满 {n} 起用"),
    "tender_most": ("at most {n} % of a purchase", "最多抵订单的 {n}%"),
    "enter": ("from {needs}", "达到 {needs}"),
    "base": ("from the beginning", "注册即享"),
    "keep": ("kept with {needs}", "保级需 {needs}"),
    "everyone": ("for every member", "所有会员"),
    "quota": ("{n} times a {period}", "每{period} {n} 次"),
    "quota.one": ("once a {period}", "每{period} 1 次"),
    "price": ("{price}", "{price}"),
    "or": (" or ", " 或 "),
    "and": (" and ", " 加 "),
    "every": ("every {n} {period}", "每 {n} {period}"),
    "every.one": ("every {period}", "每{period}"),
    "trial": ("the first {n} days to try", "试用 {n} 天"),
    "trial.one": ("the first day to try", "试用 1 天"),
    "claims": ("A purchase can be claimed for {n} days.", "消费后 {n} 天内可以补登。"),
    "claims.one": ("A purchase can be claimed for a day.", "消费后 1 天内可以补登。"),
    "returns": (
        "A return takes back what the returned goods had earned, in proportion.",
        "退货时按比例扣回所退商品获得的积分。",
    ),
    "notice": (
        "A change that takes something from you is told {n} days before.",
        "对您不利的变更会提前 {n} 天告知。",
    ),
    "notice.one": (
        "A change that takes something from you is told a day before.",
        "对您不利的变更会提前 1 天告知。",
    ),
    "old_terms": (
        "Until you confirm such a change, the rules of before hold for you, for {n} days at most.",
        "在您确认之前，原规则继续适用，最长 {n} 天。",
    ),
    "old_terms.one": (
        "Until you confirm such a change, the rules of before hold for you, for a day at most.",
        "在您确认之前，原规则继续适用，最长 1 天。",
    ),
    "lowest": (
        "A struck-through price is the lowest of the last {n} days.",
        "划线价为最近 {n} 天内的最低价。",
    ),
    "lowest.one": ("A struck-through price is that of the day before.", "划线价为前一天的价格。"),
    "applies": ("From {day}:", "自 {day} 起："),
    "becomes": ("{path}: {before} → {after}", "{path}：{before} → {after}"),
    "gone": ("{key} ends", "取消 {key}"),
    "nothing": ("nothing", "无"),
    "period.basket": ("purchase", "单"),
    "period.order": ("purchase", "单"),
    "period.day": ("day", "天"),
    "period.days": ("days", "天"),
    "period.week": ("week", "周"),
    "period.month": ("month", "月"),
    "period.months": ("months", "个月"),
    "period.years": ("years", "年"),
    "period.weeks": ("weeks", "周"),
    "period.quarter": ("quarter", "季度"),
    "period.year": ("year", "年"),
    "period.membership_year": ("membership year", "会员年"),
    "period.lifetime": ("lifetime", "终身"),
}


def say(phrase: str, language: str, **facts: object) -> str:
    """A phrase in a language, with its facts; `n` is what is counted.

    >>> say("days", "en", n=30), say("days", "en", n=1)
    ('expires 30 days after you got it', 'expires a day after you got it')
    """
    one = PHRASES.get(f"{phrase}.one") if facts.get("n") == 1 else None
    told = one or PHRASES.get(phrase)
    if told is None:
        return phrase.rpartition(".")[2]
    return told[1 if is_chinese(language) else 0].format(**facts)

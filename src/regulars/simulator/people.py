"""Who lives in the town: names, phones, birthdays, and how often they shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 文 "
    "辉 建华 玉兰 欣怡 梓涵 子轩 浩然 雨桐 诗涵 宇轩 俊杰 思远 嘉怡 晓燕 海燕 志强 "
    "国庆 婷婷 丹 雪 晨曦 若曦 天佑 一诺 可馨"
).split()
_FIRST = (
    "Olivia Amelia Isla Ava Mia Grace Freya Lily Emily Rosie Ella Sophie Poppy Evie Ruby Daisy Alice "
    "Florence Hannah Chloe Oliver George Harry Noah Jack Leo Arthur Oscar Charlie Jacob Thomas Henry "
    "William Alfie Joshua Freddie Ethan Isaac Lucas Daniel"
).split()
_LAST = (
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker "
    "White Roberts Green Hall Wood Jackson Clarke Khan Lewis Hill Harris Cooper Ward Turner Morris Moore "
    "Clark Lee King Baker Allen Scott Young Watson"
).split()


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """A person of the town. `rate_per_year` and `leaves_on` drive how often and how long they buy."""

    external: str
    name: str
    phone: str
    email: str
    locale: str
    birthday: date
    joined_on: date
    home_store: str
    online_percent: int
    rate_per_year: float
    leaves_on: date | None
    taste: tuple[str, ...]


def settle(
    *, chance: Random, count: int, starts_on: date, ends_on: date, stores: tuple[str, ...], tastes: tuple[str, ...]
) -> list[Shopper]:
    """People of the town, most of whom joined early in the year.

    Purchase rates follow a gamma distribution and lifetimes an exponential one, the usual model of repeat buying
    (Schmittlein, Morrison and Colombo 1987), so that recency, frequency and loss look like a shop's.
    """
    days = (ends_on - starts_on).days
    people = []
    for n in range(count):
        chinese = chance.random() < 0.7
        joined = starts_on + timedelta(days=int(days * chance.betavariate(1.1, 2.4)))
        leaves_after = int(chance.expovariate(1 / 420))
        leaves = joined + timedelta(days=leaves_after)
        name = (
            chance.choice(_FAMILY) + chance.choice(_GIVEN)
            if chinese
            else f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
        )
        people.append(
            Shopper(
                external=f"T{n + 1:05d}",
                name=name,
                # Made up from a counter; nothing is ever sent to them.
                phone=f"+86 199 {n // 10_000:04d} {n % 10_000:04d}",
                email=f"shopper{n + 1}@example.com" if chance.random() < 0.6 else "",
                locale="zh-Hans" if chinese else "en",
                birthday=date(1950, 1, 1) + timedelta(days=chance.randrange(365 * 56)),
                joined_on=joined,
                home_store=chance.choice(stores),
                online_percent=chance.choice((0, 5, 10, 30, 60, 95)),
                rate_per_year=0.7 + chance.gammavariate(0.9, 9.0),
                leaves_on=leaves if leaves <= ends_on else None,
                taste=tuple(chance.sample(tastes, k=3)),
            )
        )
    return people

"""What the town's shops sell: category, key, English and Chinese name, price in fen, season."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Goods:
    sku: str
    category: str
    name: str
    price_minor: int
    best_months: tuple[int, ...]


_TABLE: dict[str, tuple[tuple[str, int, tuple[int, ...]], ...]] = {
    "tea": (
        ("Longjing green tea 50 g 龙井", 8800, (4, 5)),
        ("Tieguanyin 100 g 铁观音", 6800, ()),
        ("Jasmine pearls 80 g 茉莉龙珠", 5900, ()),
        ("Pu'er cake 357 g 普洱茶饼", 16800, (11, 12)),
        ("Cold-brew peach tea 蜜桃冷泡茶", 1900, (6, 7, 8)),
        ("Lemon black tea 柠檬红茶", 1600, (6, 7, 8)),
    ),
    "coffee": (
        ("House espresso beans 250 g 意式拼配豆", 7900, ()),
        ("Yunnan single origin 250 g 云南单品豆", 8900, ()),
        ("Drip bags ×10 挂耳咖啡", 5600, ()),
        ("Iced latte 冰拿铁", 2400, (5, 6, 7, 8, 9)),
        ("Flat white 澳白", 2600, ()),
        ("Oat latte 燕麦拿铁", 2800, ()),
    ),
    "bakery": (
        ("Butter croissant 可颂", 1500, ()),
        ("Sourdough loaf 酸种面包", 3200, ()),
        ("Egg tart ×4 蛋挞", 2400, ()),
        ("Mooncake gift box 月饼礼盒", 26800, (9,)),
        ("Zongzi box 粽子礼盒", 12800, (5, 6)),
        ("Birthday cake 生日蛋糕", 19800, ()),
    ),
    "snacks": (
        ("Roasted chestnuts 糖炒栗子", 2600, (10, 11, 12)),
        ("Dark chocolate 85 % 黑巧克力", 3900, (2, 12)),
        ("Mixed nuts 500 g 混合坚果", 5800, (1, 2, 12)),
        ("Seaweed crisps 海苔脆片", 1800, ()),
        ("Dried mango 芒果干", 2200, ()),
    ),
    "home": (
        ("Ceramic mug 马克杯", 4900, ()),
        ("Glass teapot 玻璃茶壶", 12900, ()),
        ("Thermos 480 ml 保温杯", 15900, (10, 11, 12, 1)),
        ("Linen tea towel 亚麻茶巾", 3500, ()),
        ("Scented candle 香薰蜡烛", 9900, (11, 12)),
    ),
    "care": (
        ("Hand cream 护手霜", 5900, (11, 12, 1)),
        ("Sunscreen SPF50 防晒霜", 12900, (5, 6, 7, 8)),
        ("Shower gel 沐浴露", 4500, ()),
        ("Facial masks ×5 面膜", 6900, ()),
        ("Travel kit 旅行套装", 7900, (1, 7, 8, 10)),
    ),
    "gifts": (
        ("Red envelope set 红包套装", 1200, (1, 2)),
        ("Lantern festival set 元宵礼盒", 8800, (2,)),
        ("Valentine's bouquet 情人节花束", 19900, (2, 5, 8)),
        ("New Year hamper 年货礼篮", 39800, (1, 2)),
        ("Gift wrapping 礼品包装", 900, ()),
    ),
}

CATALOG: tuple[Goods, ...] = tuple(
    Goods(
        sku=f"{category[:3].upper()}-{n + 1:03d}", category=category, name=name, price_minor=price, best_months=months
    )
    for category, rows in _TABLE.items()
    for n, (name, price, months) in enumerate(rows)
)
CATEGORIES: tuple[str, ...] = tuple(_TABLE)

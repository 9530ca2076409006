"""The pure part of coupons: how codes are made, how templates are read, whether a coupon can be used."""

"""Payment is membership: the card finds the member, what is bought where says what it earns."""

CARD = "tok_4f2c9d1e7a"


def test_a_known_card_finds_the_member_and_only_what_it_paid_earns(opens):
    house = opens("card-lifestyle")
    ann = house.joins("Ann Lee")
    house.asked("POST", f"/members/{ann}/identifiers", {"type": "payment_token", "value": CARD})
    by_card = [{"type": "card", "amount_minor": 10_000, "token": CARD}]
    receipt = house.buys(None, ("dining", 100.0), store="cafe", tenders=by_card)
    assert receipt["member"] == ann
    assert house.holds(ann)["points"] == 5 + 20
    house.buys(ann, ("dining", 100.0), store="cafe", tenders=[{"type": "cash", "amount_minor": 10_000}])
    assert house.holds(ann)["points"] == 25
    house.returns(receipt)
    assert house.holds(ann)["points"] == 0


def test_behaviour_lifts_and_a_merchant_pays_for_its_own_offer(opens):
    house = opens("card-lifestyle")
    ann = house.joins("Ann Lee")
    house.puts_on("movie-lovers", ann)
    for _ in range(3):
        by_card = [{"type": "card", "amount_minor": 3_500}]
        assert house.buys(ann, ("ticket", 50.0), store="cinema", tenders=by_card)["total"] in (3_500, 5_000)
    assert house.levels(ann) == {"main": "sunflower"}
    house.gains(ann, "points", 9, "survey")
    assert house.has(ann, "coffee", store="cafe")["state"] == "requested"

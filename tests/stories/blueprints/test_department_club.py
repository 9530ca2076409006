"""Levels that must be kept, and an adviser who remembers."""

from regulars.people.staff import services as staff


def test_gold_must_be_kept_and_falls_by_one_level_after_its_grace(opens):
    house = opens("department-club", "2026-02-02T10:00")
    ann = house.joins("Ann Lee")
    house.buys(ann, ("coat", 50_000.0), store="main")
    assert house.levels(ann) == {"main": "platinum"}
    house.sleeps_until("2027-02-10T12:00")
    assert house.levels(ann) == {"main": "platinum"}  # within the grace
    house.sleeps_until("2027-03-10T12:00")
    assert house.levels(ann) == {"main": "gold"}


def test_a_return_takes_the_level_back(opens):
    house = opens("department-club", "2026-02-02T10:00")
    ann = house.joins("Ann Lee")
    receipt = house.buys(ann, ("coat", 12_000.0), store="main")
    assert house.levels(ann) == {"main": "gold"}
    house.returns(receipt)
    assert house.levels(ann) == {"main": "silver"}


def test_an_adviser_keeps_notes_sizes_and_what_is_to_be_done(opens):
    house = opens("department-club", "2026-02-02T10:00")
    ann = house.joins("Ann Lee")
    person = staff.add_person(email="adviser@shop.example", name="Wei", actor="system:test")
    staff.grant(user_id=person.id, role="service", program_id=house.program_id, actor="system:test")
    house.asked("POST", "/advisers", {"email": "adviser@shop.example", "store": "main", "capacity": 50})
    house.asked("POST", f"/members/{ann}/advisers", {})
    (now,) = house.asked("GET", f"/members/{ann}/advisers")["now"]
    assert now["adviser"]["name"] == "Wei"
    house.asked("POST", f"/members/{ann}/notes", {"text": "Likes grey; a daughter's wedding in May."})
    house.asked("POST", f"/members/{ann}/follow-ups", {"text": "Show the spring coats.", "due_on": "2026-03-01"})
    house.asked("PUT", f"/members/{ann}/preferences", {"values": {"size": "m"}})
    desk = house.asked("GET", f"/advisers/{now['adviser']['id']}/desk")
    assert desk


def test_the_salon_is_for_who_was_invited(opens):
    house = opens("department-club", "2026-02-02T10:00")
    ann, bo = house.joins("Ann Lee"), house.joins("Bo Wu")
    house.puts_on("salon", ann)
    for member in (ann, bo):
        house.buys(member, ("scarf", 100.0), store="main")
    assert house.has(ann, "salon", session="spring")["session"] == "spring"
    body = {"member": bo, "session": "spring"}
    assert house.refused("POST", "/rewards/salon/redemptions", body) == "reward_not_eligible"

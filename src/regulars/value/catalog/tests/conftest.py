"""A shop with a catalog for the tests: two stores, two channels, shoes below clothes."""

import pytest

from regulars.people.programs import services as programs
from regulars.value.catalog import services as catalog
from regulars.value.catalog.terms import Attribute, AttributeType, Category


@pytest.fixture
def program():
    """A British shop with a store in Paris."""
    made = programs.create(key="shop", name="Shop", zone="Europe/London", currency="GBP", actor="system:test").id
    for channel, kind in (("web", "web"), ("store", "store")):
        programs.define_channel(program_id=made, key=channel, name=channel, kind=kind, actor="system:test")
    programs.define_brand(program_id=made, key="acme", name="Acme", actor="system:test")
    programs.define_store(program_id=made, key="leeds", name="Leeds", actor="system:test")
    programs.define_store(
        program_id=made, key="paris", name="Paris", zone="Europe/Paris", currency="EUR", actor="system:test"
    )
    catalog.put_categories(
        program_id=made,
        batch=[Category(key="shoes", parent="clothes", names={"en": "Shoes"}), Category(key="clothes")],
    )
    for key, kind, choices in (
        ("colour", AttributeType.CHOICE, ("red", "blue")),
        ("size", AttributeType.NUMBER, ()),
        ("vegan", AttributeType.FLAG, ()),
        ("fabric", AttributeType.TEXT, ()),
    ):
        catalog.declare_attribute(program_id=made, told=Attribute(key=key, type=kind, choices=choices))
    return made


@pytest.fixture
def other_program():
    """Another program of the same install."""
    return programs.create(key="ink", name="Ink", zone="UTC", currency="USD", actor="system:test").id


@pytest.fixture
def store(program):
    """Store ids by key."""
    return {key: programs.store(program_id=program, key=key).id for key in ("leeds", "paris")}

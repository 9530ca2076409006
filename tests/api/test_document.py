"""The OpenAPI document says what every field, parameter and call means."""

from regulars.interfaces.http_api.api import api
from regulars.interfaces.http_api.shapes import Body, Out


def test_every_field_and_parameter_is_described():
    document = api.get_openapi_schema()
    shapes = document["components"]["schemas"]
    silent = [
        f"{n}.{f}" for n, s in shapes.items() for f, v in s.get("properties", {}).items() if "description" not in v
    ]
    calls = [o for path in document["paths"].values() for o in path.values()]
    silent += [
        f"{o['operationId']}({p['name']})" for o in calls for p in o.get("parameters", []) if not p["description"]
    ]
    assert silent == []
    assert all(o["summary"] and o["operationId"] and o["security"] for o in calls)
    assert len({o["operationId"] for o in calls}) == len(calls)


def test_no_two_shapes_share_a_name():
    """A name is a place in the document: of two shapes under one name only the last would be told."""
    shapes, waiting = [], [Body, Out]
    while waiting:
        shape = waiting.pop()
        shapes.append(shape)
        waiting += shape.__subclasses__()
    shared = {s.__name__: {t.__module__ for t in shapes if t.__name__ == s.__name__} for s in shapes}
    assert {name: where for name, where in shared.items() if len(where) > 1} == {}
    assert len(shared) > 100

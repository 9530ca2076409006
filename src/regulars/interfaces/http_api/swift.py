"""The calls of every till, read without the detours that serve any call: the same checks, answers and faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.params.models import BodyModel, HeaderModel, PathModel, QueryModel
from pydantic import ValidationError

from regulars.interfaces.http_api.auth import Key
from regulars.kernel.errors import sure

_ONCE = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")  # as `shapes.ONCE` says it
_ONCE_NAME = "HTTP_IDEMPOTENCY_KEY"

# adds to the arguments of a view what it reads of a request; False when it cannot say yes
Reader = Callable[[HttpRequest, dict[str, Any]], bool]


def quicken(api: NinjaAPI, names: Iterable[str]) -> None:
    """Let the named operations read well-formed requests directly.

    Whatever is not plainly well-formed is read again by the framework, which knows how to say what is wrong.
    """
    wanted = set(names)
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                if operation.operation_id in wanted:
                    wanted.remove(operation.operation_id)
                    operation.run = _swift(operation)  # type: ignore[method-assign]
    sure(not wanted, f"there are operations {wanted}")


def _swift(operation: Operation) -> Callable[..., Any]:
    readers = [_reader(model) for model in operation.models]
    view = operation.view_func
    callbacks = operation.auth_callbacks
    sure(len(callbacks) == 1 and isinstance(callbacks[0], Key), "a till's call is opened by a key")
    sure(not operation.throttle_objects, "a key has its rate, and nothing else slows it down")
    (key,) = callbacks

    def run(request: HttpRequest, **kw: Any) -> Any:
        try:
            request.auth = key(request)  # type: ignore[attr-defined]
            values: dict[str, Any] = {}
            for read in readers:
                if not read(request, kw, values):
                    values = operation._get_values(request, kw, None)  # type: ignore[arg-type]
                    break
            return view(request, **values)
        except Exception as error:
            return operation.api.on_exception(request, error)

    return run


def _reader(model: Any) -> Any:
    fields = model.model_fields
    if issubclass(model, BodyModel):
        (name,) = fields
        validate = fields[name].annotation.__pydantic_validator__.validate_python

        def body(request: HttpRequest, _path: dict[str, Any], values: dict[str, Any]) -> bool:
            try:
                values[name] = validate(orjson.loads(request.body))
            except (orjson.JSONDecodeError, ValidationError):
                return False
            return True

        return body
    if issubclass(model, PathModel):

        def path(_request: HttpRequest, path: dict[str, Any], values: dict[str, Any]) -> bool:
            values.update(path)
            return True

        sure(all(f.annotation is str for f in fields.values()), "the parts of an address are texts")
        return path
    if issubclass(model, QueryModel):

        def query(request: HttpRequest, _path: dict[str, Any], values: dict[str, Any]) -> bool:
            for name, field in fields.items():
                values[name] = field.get_default(call_default_factory=True)
            return not request.META.get("QUERY_STRING")

        return query
    sure(issubclass(model, HeaderModel) and len(fields) == 1, "an idempotency key is the only header")
    ((name, field),) = fields.items()
    is_needed = field.is_required()

    def header(request: HttpRequest, _path: dict[str, Any], values: dict[str, Any]) -> bool:
        told = request.META.get(_ONCE_NAME)
        values[name] = told
        return not is_needed if told is None else _ONCE.fullmatch(told) is not None

    return header

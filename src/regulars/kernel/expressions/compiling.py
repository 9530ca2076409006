"""From checked text to answers: compiling, activations, and why a condition does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from regulars.kernel.errors import Broken
from regulars.kernel.expressions import faults, tree
from regulars.kernel.expressions import text as source
from regulars.kernel.expressions.terms import BadExpression, Context, NoAnswer, Reason, Type

CACHED = 8_192  # compiled expressions kept in a process: about 4 kB each
_NO_VALUE = re.compile(r'No value with name "([^"]+)"')
_NO_KEY = re.compile(r'Key not found in map : "?(.*?)"?$', re.DOTALL)
_NO_FUNCTION = re.compile(r"No matching overloads found : (\w+)")
_ZONED = "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds".split()
_CHECKED_LITERALS = ("matches", "timestamp", "duration", "getMilliseconds", *_ZONED)


class Activation:
    """Facts bound once and asked by many expressions of one context: make one per basket, or per line.

    Args: facts: values by name; a fact that is None counts as missing, a name that the context lacks is ignored.
    functions: what the functions declared without `do` shall do.
    """

    __slots__ = ("_facts", "_functions", "_raw", "context")

    def __init__(
        self, context: Context, facts: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self.context = context
        self._facts = {name: value for name, value in facts.items() if value is not None}
        self._functions = functions
        environment = _environment(context)
        if functions:
            self._raw = environment.Activation(self._facts, _bound(context, functions))
        else:
            self._raw = environment.Activation(self._facts)

    def extended(self, facts: Mapping[str, Any]) -> Activation:
        """A new activation with further (or other) facts, e.g. those of one line."""
        return Activation(self.context, {**self._facts, **facts}, self._functions)


def activation(
    context: Context, facts: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> Activation:
    """Bind facts once for many expressions; see `Activation`."""
    return Activation(context, facts, functions)


class Expression:
    """A checked expression. It may be shared between threads and kept for ever.

    text, context: what it was compiled from. type: of its value. names: the facts that it asks.
    functions: the declared functions that it calls.
    """

    __slots__ = ("_parts", "_program", "context", "functions", "names", "text", "type")

    def __init__(
        self, text: str, context: Context, program: Any, kind: Type, names: frozenset[str], functions: frozenset[str]
    ) -> None:
        self.text, self.context, self.type = text, context, kind
        self.names, self.functions = names, functions
        self._program = program
        self._parts: tuple[Expression, ...] | None = None

    def __repr__(self) -> str:
        return f"<Expression {self.text!r} in {self.context.name}>"

    def test(self, facts: Mapping[str, Any] | Activation) -> bool:
        """Whether the condition holds. A missing fact or a failing computation is never true; it does not raise."""
        raw = facts._raw if type(facts) is Activation else self._activation(facts)
        try:
            return self._program.eval(raw).value() is True
        except RuntimeError:
            return False

    def evaluate(self, facts: Mapping[str, Any] | Activation) -> Any:
        """The value, or a `NoAnswer` that says which fact is missing or what went wrong."""
        raw = facts._raw if type(facts) is Activation else self._activation(facts)
        try:
            value = self._program.eval(raw)
            return _no_answer(value.value()) if value.type() == cel.Type.ERROR else value.plain_value()
        except RuntimeError as error:
            return _no_answer(str(error))

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What `&&` joins at the top, in order of writing; the expression itself if nothing is joined."""
        if self._parts is None:
            texts = source.parts(self.text) if self.type == Type.BOOL else (self.text,)
            self._parts = (self,) if len(texts) == 1 else tuple(compile(t, self.context) for t in texts)
        return self._parts

    def bind(self, facts: Mapping[str, Any]) -> Activation:
        """The facts that it asks, each read once, for more than one question."""
        return Activation(self.context, {name: facts.get(name) for name in self.names})

    def why_not(self, facts: Mapping[str, Any] | Activation) -> str:
        """Its failing parts as one text; empty exactly when `test` is true. One part is computed only once."""
        bound = facts if isinstance(facts, Activation) else self.bind(facts)
        if len(self.parts) > 1 and self.test(bound):
            return ""
        said = "; ".join([str(reason) for reason in self.reasons(bound)])
        return said or (self.text if len(self.parts) > 1 else "")

    def reasons(self, facts: Mapping[str, Any] | Activation) -> tuple[Reason, ...]:
        """Why the condition does not hold: each part that is not true, first failing first; empty if it holds."""
        bound = facts if type(facts) is Activation else None
        found = []
        for part in self.parts:
            raw = bound._raw if bound else part._activation(facts)
            try:
                answer = part._program.eval(raw).value()
            except RuntimeError as error:
                answer = str(error)
            if answer is True:
                continue
            if answer is False:
                found.append(Reason(part=part.text, kind="false"))
            else:
                no = _no_answer(str(answer))
                found.append(Reason(part=part.text, kind=no.kind, detail=no.detail, names=no.names))
        return tuple(found)

    def _activation(self, facts: Mapping[str, Any] | Activation) -> Any:
        if isinstance(facts, Activation):
            return facts._raw
        read = facts.get  # each fact is read once: a mapping may compute it
        needed = {name: value for name in self.names if (value := read(name)) is not None}
        return _environment(self.context).Activation(needed)


@lru_cache(maxsize=CACHED)
def compile(text: str, context: Context) -> Expression:
    """Check a text against a context. The same text and context are compiled once.

    Args: text: CEL, at most 2,000 characters.
    Raises: BadExpression with every fault as (`line:column`, what is wrong and what to do).
    """
    found = source.faults(text)
    if found:
        raise BadExpression(errors=found)
    variables = frozenset(context.variables)
    try:
        program = _environment(context).compile(text)
        seen = tree.read(program.serialize(), variables)
    except RuntimeError as error:
        calls = {f.name: f"{f.name}({', '.join(t.name for t in f.types[0])})" for f in context.functions}
        raise BadExpression(errors=faults.explained(str(error), text, context.types, calls)) from None
    found = [*faults.of_tree(seen, text, variables), *_bad_literals(seen, text)]
    if found:
        raise BadExpression(errors=found)
    own = frozenset(f.name for f in context.functions) & seen.functions
    return Expression(text, context, program, _type_of(program), frozenset(seen.names), own)


def compile_condition(text: str, context: Context) -> Expression:
    """As `compile`, and the value must be true or false.

    Raises: BadExpression also when it is a number, a text or a list.
    """
    expression = compile(text, context)
    if expression.type != Type.BOOL:
        message = f"this gives a {expression.type.name}, not true or false; compare it with something: … == 'gold'"
        raise BadExpression(errors=[("1:1", message)])
    return expression


def _no_answer(said: str) -> NoAnswer:
    name = _NO_VALUE.search(said)
    if name:
        return NoAnswer(kind="missing", detail=f"{name.group(1)} is not known", names=(name.group(1),))
    key = _NO_KEY.search(said)
    if key:
        return NoAnswer(kind="missing", detail=f"there is no {key.group(1)!r} in the map")
    function = _NO_FUNCTION.search(said)
    if function:
        return NoAnswer(
            kind="missing", detail=f"{function.group(1)}() cannot be asked here", names=(function.group(1),)
        )
    if "budget" in said:
        return NoAnswer(kind="error", detail="more than 10,000 steps through lists")
    return NoAnswer(kind="error", detail=said.partition(": ")[2] or said)


def _type_of(program: Any) -> Type:
    name = program.return_type().name().lower()
    return (
        Type("map<" + name.removeprefix("map<").replace(",", ", ").replace("  ", " "))
        if "map<" in name
        else Type(name)
    )


def _bad_literals(seen: tree.Tree, text: str) -> list[tuple[str, str]]:
    """Patterns, instants, durations and zones written out are tried now, or they would fail at the till."""
    found = []
    for function, literal, offset in seen.literals:
        if function in _CHECKED_LITERALS:
            answer = _literal_trial(function).eval(data={"x": literal})
            if answer.type() == cel.Type.ERROR:
                said = str(answer.value()).partition(": ")[2]
                found.append((source.place(text, offset), f"{literal!r} is wrong for {function}(): {said}"))
    return found


@lru_cache(maxsize=len(_CHECKED_LITERALS))
def _literal_trial(function: str) -> Any:
    environment = cel.NewEnv(variables={"x": cel.Type.STRING})
    if function == "matches":
        return environment.compile("''.matches(x)")
    if function in ("timestamp", "duration"):
        return environment.compile(f"{function}(x)")
    return environment.compile(f"timestamp('2026-01-01T00:00:00Z').{function}(x)")


@lru_cache(maxsize=256)
def _environment(context: Context) -> Any:
    declared, late = [], []
    for function in context.functions:
        takes, gives = function.types
        overload = {
            "return_type": cel.Type(gives.name),
            "parameters": [cel.Type(t.name) for t in takes],
        }
        name = "_".join([function.name, *(re.sub(r"\W+", "_", t.name) for t in takes)])
        if function.do is None:
            late.append(cel.FunctionDecl(function.name, [cel.Overload(name, **overload)]))
        else:
            declared.append(cel.FunctionDecl(function.name, [cel.Overload(name, impl=function.do, **overload)]))
    return cel.NewEnv(
        variables={name: cel.Type(kind.name) for name, kind in context.types.items()},
        functions=declared,
        extensions=[cel.CelExtension("regulars", late)] if late else [],
    )


def _bound(context: Context, functions: Mapping[str, Callable[..., Any]]) -> list[Any]:
    bound = []
    for function in context.functions:
        if function.name in functions:
            takes, gives = function.types
            types = [cel.Type(t.name) for t in takes]
            bound.append(cel.Function(function.name, types, False, functions[function.name], cel.Type(gives.name)))
    if len(bound) != len(functions):
        raise Broken(f"the context {context.name} does not declare all of {sorted(functions)}")
    return bound

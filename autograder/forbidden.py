"""Calls that would be the answer itself, found by reading the source.

This is advice for the honest: it sees through imports, aliases, `getattr` with a literal name and helpers of the same
file, and whoever wants to hide a call from it can. Nothing that counts may rest on it alone.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator, Sequence

from autograder.sources import definitions, parse, plain_lines, reached

Meanings = dict[str, set[str]]

METHODS_OF = "torch.Tensor."
_ONLY_ASKS = {"isinstance", "issubclass"}
_IMPORTERS = {"importlib.import_module", "__import__"}
_DEPTH, _WIDTH = 8, 40  # bounds on what a name is followed to, for `module = module.part` in a loop


def forbidden_calls(source: str, function: str, names: Collection[str]) -> list[tuple[int, str]]:
    """Where `function`, or what it reaches in its file, calls one of `names` or hands it on to be called.

    Args:
        source: text of a student's file.
        function: the function to look at.
        names: dotted names as documented, such as `torch.nn.functional.gumbel_softmax`; one of a module stands for all
            that is in it, and `torch.Tensor.softmax` for a method `softmax` of whatever is no module.

    Returns:
        Line and dotted name of each call, in the order of the file; nothing where the function does not parse.
    """
    return list(_find(plain_lines(source), function, tuple(names)))


@functools.lru_cache(maxsize=256)
def _find(source: str, function: str, names: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    outer = _Names()
    outer.learn([statement for bound in definitions(parse(source)).values() for statement in bound])
    found: set[tuple[int, str]] = set()
    for statement in reached(source, function):
        inner = outer.within(statement)
        for call in ast.walk(statement):
            if isinstance(call, ast.Call):
                found |= {(call.lineno, name) for name in inner.called_by(call) if _is_forbidden(name, names)}
    return tuple(sorted(found))


class _Names:
    """What the names of one scope may stand for, whichever way its statements run."""

    def __init__(self) -> None:
        self.meanings: Meanings = {}
        self.modules: set[str] = {"torch"}  # first parts of what is imported
        self.stars: set[str] = set()

    def within(self, statement: ast.stmt) -> _Names:
        """The names within a definition; a function's own hide those outside, nested functions count as its text."""
        inner = _Names()
        inner.meanings = {name: set(each) for name, each in self.meanings.items()}
        inner.modules, inner.stars = set(self.modules), set(self.stars)
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            own = {node.id for node in names if isinstance(node.ctx, ast.Store)} | set(_parameters(statement.args))
            inner.meanings.update({name: set() for name in own})
            for parameter, default in _defaults(statement.args):
                inner._add(parameter, self.resolve(default))
        inner.learn(list(ast.walk(statement)))
        return inner

    def learn(self, nodes: Sequence[ast.AST]) -> None:
        """Takes in imports and assignments until nothing new follows from them."""
        known = -1
        while known != (known := sum(map(len, self.meanings.values())) + len(self.stars)):
            for node in nodes:
                self._take(node)

    def resolve(self, node: ast.expr) -> set[str]:
        """Dotted names that the expression may stand for."""
        if isinstance(node, ast.Name):
            if node.id in self.meanings:
                return self.meanings[node.id]
            return {node.id, *(f"{star}.{node.id}" for star in self.stars)}
        if isinstance(node, ast.Attribute):
            return self._part(node.value, node.attr)
        if isinstance(node, ast.IfExp):
            return self.resolve(node.body) | self.resolve(node.orelse)
        if isinstance(node, ast.NamedExpr):
            return self.resolve(node.value)
        if isinstance(node, ast.Call):
            literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
            called = self.resolve(node.func)
            if len(node.args) > 1 and literals and isinstance(literals[0], str) and "getattr" in called:
                return self._part(node.args[0], literals[0])
            return set(map(str, literals)) if called & _IMPORTERS else set()
        return set()

    def called_by(self, call: ast.Call) -> set[str]:
        """What a call calls, and the functions that it is given."""
        called = set(self.resolve(call.func))
        if called & _ONLY_ASKS:
            return called
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return called.union(*(self.resolve(each) for each in given if isinstance(each, (ast.Name, ast.Attribute))))

    def _part(self, node: ast.expr, name: str) -> set[str]:
        """An attribute of a module, or else a method of what may be a tensor."""
        owners = {each for each in self.resolve(node) if each.partition(".")[0] in self.modules}
        modules = {each for each in owners if not each.startswith(METHODS_OF)}
        return {f"{owner}.{name}" for owner in modules} or {METHODS_OF + name}

    def _take(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                self.modules.add(first)
                self._add(alias.asname or first, {alias.name if alias.asname else first})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            self.modules.add(node.module.partition(".")[0])
            for alias in node.names:
                if alias.name == "*":
                    self.stars.add(node.module)
                else:
                    self._add(alias.asname or alias.name, {f"{node.module}.{alias.name}"})
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, self.resolve(value))
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            for each, part in zip(target.elts, value.elts, strict=False):
                self._assign(each, part)

    def _add(self, name: str, meanings: set[str]) -> None:
        known = self.meanings.setdefault(name, set())
        if len(known) < _WIDTH:
            known.update([each for each in meanings if each.count(".") < _DEPTH])


def _is_forbidden(name: str, names: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in names)


def _parameters(given: ast.arguments) -> Iterator[str]:
    for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if each is not None:
            yield each.arg


def _defaults(given: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    places = [*given.posonlyargs, *given.args]
    for argument, default in zip(reversed(places), reversed(given.defaults), strict=False):
        yield argument.arg, default
    for argument, only in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if only is not None:
            yield argument.arg, only

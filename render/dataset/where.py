"""`--where`: a condition on what was measured (`occlusion > 0.5 and blur_px > 20`), over arrays, never by `eval`.

Names are columns of the objects index (an array over a target's frames) and facts of the clip (`split`, `asset`, ...:
one value). Anything that is not measured in a frame is NaN there, and meets no condition.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..document import UserError, nearest

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: np.divide,
}  # fmt: skip


class Where:
    """A parsed condition. UserError, with the nearest known name, for what it may not hold."""

    def __init__(self, text: str, names: list[str]) -> None:
        self.text, self._names = text, names
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise UserError(
                f"--where: '{text}' is not a condition; write e.g. \"occlusion > 0.5 and blur_px > 20\""
            ) from None
        self.used = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        self._check(self._tree)

    def __call__(self, values: Mapping[str, Any], frames: int) -> NDArray[np.bool_]:
        """Where it holds, bool (frames,): `values` gives each used name an array (frames,) or one value."""
        with np.errstate(all="ignore"):
            held = self._truth(self._tree, values)
        return np.broadcast_to(np.asarray(held, np.bool_), (frames,))

    def _check(self, node: ast.AST) -> None:
        """Only names that exist, numbers, texts, comparisons, arithmetic, and, or, not."""
        match node:
            case ast.BoolOp(values=parts):
                inside: list[ast.AST] = list(parts)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=part):
                inside = [part]
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
                inside = [left, right]
            case ast.Compare(left=left, ops=ops, comparators=others):
                inside = [left]
                for op, other in zip(ops, others, strict=True):
                    if isinstance(op, (ast.In, ast.NotIn)):
                        if not isinstance(other, (ast.Tuple, ast.List)):
                            raise UserError(
                                f"--where: '{ast.unparse(other)}': `in` needs a list, e.g. set in ('alley',)"
                            )
                        inside.extend(other.elts)
                    elif type(op) in _COMPARE:
                        inside.append(other)
                    else:
                        raise UserError(f"--where: '{ast.unparse(node)}': compare by < <= > >= == != in, not in")
            case ast.Name(id=name):
                if name not in self._names:
                    raise UserError(f"--where: no attribute '{name}'{nearest(name, self._names)}")
                inside = []
            case ast.Constant(value=value) if isinstance(value, (int, float, str, bool)):
                inside = []
            case _:
                raise UserError(
                    f"--where: '{ast.unparse(node)}' is not allowed; compare attributes with numbers or texts"
                )
        for each in inside:
            self._check(each)

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        match node:
            case ast.BoolOp(op=joint, values=parts):
                join = np.logical_and if isinstance(joint, ast.And) else np.logical_or
                return join.reduce(np.broadcast_arrays(*(self._truth(part, values) for part in parts)))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return np.logical_not(self._truth(part, values))
            case ast.UnaryOp(operand=part):
                return np.negative(self._value(part, values))
            case ast.BinOp(left=left, op=sign, right=right):
                return self._guarded(_ARITHMETIC[type(sign)], left, right, values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                pairs = zip(sides, ops, others, strict=False)
                return np.logical_and.reduce(
                    np.broadcast_arrays(*(self._compared(a, op, b, values) for a, op, b in pairs))
                )
            case ast.Name(id=name):
                return values[name]
            case ast.Constant(value=value):
                return value
        raise AssertionError(node)  # `_check` lets nothing else through

    def _truth(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        found = np.asarray(self._value(node, values))
        if found.dtype.kind not in "bif":
            raise UserError(f"--where: '{ast.unparse(node)}' is a text, not a condition; compare it with ==")
        return np.logical_and(found, found == found)  # NaN is not true

    def _compared(self, left: ast.AST, op: ast.cmpop, right: ast.AST, values: Mapping[str, Any]) -> Any:
        if isinstance(op, (ast.In, ast.NotIn)):
            assert isinstance(right, (ast.Tuple, ast.List))
            held: Any = False
            for one in right.elts:
                held = np.logical_or(held, self._guarded(operator.eq, left, one, values))
            return np.logical_not(held) if isinstance(op, ast.NotIn) else held
        found = self._guarded(_COMPARE[type(op)], left, right, values)
        if isinstance(op, ast.NotEq):  # NaN differs from everything, and meets no condition all the same
            for side in (left, right):
                value = np.asarray(self._value(side, values))
                if value.dtype.kind == "f":
                    found = np.logical_and(found, ~np.isnan(value))
        return found

    def _guarded(
        self, what: Callable[[Any, Any], Any], left: ast.AST, right: ast.AST, values: Mapping[str, Any]
    ) -> Any:
        a, b = np.asarray(self._value(left, values)), np.asarray(self._value(right, values))
        if (a.dtype.kind == "U") != (b.dtype.kind == "U") or (a.dtype.kind == "U" and what in _ARITHMETIC.values()):
            both = f"'{ast.unparse(left)}' and '{ast.unparse(right)}'"
            raise UserError(f"--where: {both}: a text and a number cannot be set against each other")
        return what(a, b)

"""Bicep files as plain values, read from tree-sitter's syntax tree; no compiler, no network.

Literals are Python's own; everything that Azure would compute is an `Expression` of its source.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from pycep import BicepParser
from tree_sitter import Language, Node, Parser

_TREES = Parser(Language(tree_sitter_bicep.language()))
_SECOND_OPINION = BicepParser()  # building its grammar costs 0.2 s

Value = Any


class Expression(str):
    """An expression's source text: an identifier, a call, an interpolated string."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A resource, module, parameter, variable or output. `each` is the loop: (item, list)."""

    name: str
    kind: str
    value: Value = None
    each: tuple[str, str] | None = None
    is_existing: bool = False

    @property
    def type(self) -> str:
        """A resource's type without its api-version."""
        return self.kind.partition("@")[0]


class BicepFile:
    """One file; its declarations by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self._root = _TREES.parse(self.text.encode()).root_node

    def syntax_faults(self) -> Iterator[str]:
        """Yield where either of two parsers stumbles."""
        for node in _walk(self._root):
            if node.is_error or node.is_missing:
                yield f"{self.path.name}:{node.start_point.row + 1}: not Bicep."
        try:
            _SECOND_OPINION.parse(text=self.text)
        except Exception as error:  # noqa: BLE001 - whatever the parser raises
            yield f"{self.path.name}: {str(error).splitlines()[0]}"

    @cached_property
    def target_scope(self) -> str:
        """What the file is deployed to; a resource group unless it says otherwise."""
        found = [n for n in self._root.named_children if n.type == "target_scope_assignment"]
        return str(_value(found[0].named_children[-1])) if found else "resourceGroup"

    @cached_property
    def parameters(self) -> dict[str, Declaration]:
        """Parameters; the value is the default, None if there is none."""
        return self._declared("parameter_declaration")

    @cached_property
    def variables(self) -> dict[str, Declaration]:
        """Variables."""
        return self._declared("variable_declaration")

    @cached_property
    def resources(self) -> dict[str, Declaration]:
        """Resources; the kind is type@api-version."""
        return self._declared("resource_declaration")

    @cached_property
    def modules(self) -> dict[str, Declaration]:
        """Modules; the kind is the path."""
        return self._declared("module_declaration")

    @cached_property
    def outputs(self) -> dict[str, Declaration]:
        """Outputs."""
        return self._declared("output_declaration")

    def used(self) -> Iterator[str]:
        """Yield every name that an expression uses, functions and all."""
        for node in _walk(self._root):
            if node.type == "identifier" and not _is_a_name(node):
                yield _text(node)

    def _declared(self, node_type: str) -> dict[str, Declaration]:
        nodes = [n for n in self._root.named_children if n.type == node_type]
        return {made.name: made for made in map(_declaration, nodes)}


def _declaration(node: Node) -> Declaration:
    name, *rest = node.named_children
    has_value = any(child.type == "=" for child in node.children)
    value = rest[-1] if has_value else None
    kind = rest[0] if rest and rest[0] is not value else None
    each = None
    if value is not None and value.type == "for_statement":
        item, *source, value = value.named_children
        each = (_text(item), _text(source[0]))
    return Declaration(
        name=_text(name),
        kind=_text(kind).strip("'") if kind else "",
        value=_value(value) if value is not None else None,
        each=each,
        is_existing=any(child.type == "existing" for child in node.children),
    )


def _value(node: Node) -> Value:
    match node.type:
        case "object":
            pairs = [p for p in node.named_children if p.type == "object_property"]
            return {_key(p.named_children[0]): _value(p.named_children[-1]) for p in pairs}
        case "array":
            return [_value(child) for child in node.named_children if child.type != "comment"]
        case "boolean":
            return _text(node) == "true"
        case "number":
            return int(_text(node))
        case "string" if all(c.type == "string_content" for c in node.named_children):
            return _text(node).strip("'")
        case _:
            return Expression(_text(node))


def _key(node: Node) -> str:
    value = _value(node)
    return str(value)


def _is_a_name(node: Node) -> bool:
    """The identifier declares something, or is a property's name: it uses nothing."""
    parent = node.parent
    if parent is None or parent.type == "object_property":
        return parent is None or parent.named_children[0] == node
    if parent.type == "for_statement":
        return bool(parent.child_by_field_name("initializer") == node)
    decorators = ("decorator", "decorators")
    is_decorator = parent.parent is not None and parent.parent.type in decorators
    return is_decorator or (
        parent.type.endswith("_declaration") and parent.named_children[0] == node
    )


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


class Infra:
    """The folder `infra/` (or a copy of it), its files by their path inside of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        paths = sorted(root.rglob("*.bicep"))
        self.files = {str(path.relative_to(root)): BicepFile(path) for path in paths}

    def resource(self, file: str, name: str) -> Value:
        """Return a resource's body."""
        return self.files[file].resources[name].value

    @property
    def main(self) -> BicepFile:
        """The file that azd deploys."""
        return self.files["main.bicep"]

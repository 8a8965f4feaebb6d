"""JSON Schemas in words for people: the type of a value, the fields of an object, an example of it."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

Json = Mapping[str, Any]

DEEPEST = 8
"""Levels of an object that are unfolded in one table."""


class Field(NamedTuple):
    """A field of an object, or of one within it."""

    name: str
    """As faults name it: `parts[].id`."""
    type: str
    """HTML."""
    required: bool
    description: str


def name_of(reference: str) -> str:
    """The last part of `#/components/…/name`."""
    return reference.rpartition("/")[2]


def type_of(schema: Json) -> str:
    """What a value may be, as HTML; shapes are links."""
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        return f'<a href="#shape-{escape(name)}">{escape(name)}</a>'
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(type_of(one) for one in schema[several]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}{_bounds(schema, 'Items')}"
    words = str(schema.get("format") or schema.get("type") or "any value")
    if schema.get("type") == "string":
        return escape(words) + _bounds(schema, "Length")
    return escape(words) + _range(schema)


def fields_of(schema: Json, shapes: Json, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """The fields of an object, with those of objects within it."""
    found = _resolved(schema, shapes)
    required = set(found.get("required", ()))
    for name, inner in found.get("properties", {}).items():
        words = str(inner.get("description", ""))
        if "default" in inner and inner["default"] not in (None, [], ""):
            words = f"{words} Default: `{inner['default']}`.".strip()
        yield Field(prefix + name, type_of(inner), name in required, words)
        if depth < DEEPEST:
            yield from _within(inner, shapes, prefix + name, depth + 1)


def example_of(schema: Json, shapes: Json, depth: int = 0) -> Any:
    """A value that shows the required fields; the model's own example where it has one."""
    found = _resolved(schema, shapes)
    for key in ("examples", "enum"):
        if found.get(key):
            return found[key][0]
    for key in ("example", "const", "default"):
        if found.get(key) is not None:
            return found[key]
    for several in ("anyOf", "oneOf"):
        if several in found:
            return example_of(found[several][0], shapes, depth)
    match found.get("type"):
        case "object":
            names = found.get("required", ()) if depth < DEEPEST else ()
            if found.get("minProperties"):
                return {"…": example_of(found.get("additionalProperties", {}), shapes, depth + 1)}
            return {name: example_of(found["properties"][name], shapes, depth + 1) for name in names}
        case "array":
            return [example_of(found.get("items", {}), shapes, depth + 1)] if depth < DEEPEST else []
        case "integer" | "number":
            return found.get("minimum", found.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
    return {"date-time": "2026-03-01T12:00:00Z"}.get(found.get("format", ""), "…")


def _within(schema: Json, shapes: Json, name: str, depth: int) -> Iterator[Field]:
    """Fields of the object that a field holds, plainly, in a list or as one of several."""
    if schema.get("type") == "array":
        yield from _within(schema.get("items", {}), shapes, name + "[]", depth)
        return
    for one in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if "$ref" in one:
            yield from fields_of(one, shapes, name + ".", depth)


def _resolved(schema: Json, shapes: Json) -> Json:
    found: Json = shapes[name_of(schema["$ref"])] if "$ref" in schema else schema
    return found


def _bounds(schema: Json, of: str) -> str:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    unit = {"Items": "", "Length": " characters"}[of]
    if least is None and most is None:
        return ""
    if most is None:
        return f", at least {least}{unit}"
    return f", {least or 0}–{most}{unit}"


def _range(schema: Json) -> str:
    least = schema.get("minimum")
    most = schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    words = [
        f"≥ {least:g}" if least is not None else "",
        f"> {above:g}" if above is not None else "",
        f"≤ {most:g}" if most is not None else "",
    ]
    told = " and ".join(word for word in words if word)
    return f", {told}" if told else ""

"""The reference of the API for people: the OpenAPI document as one plain page, without script or other host."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from adapters.http.landing import STYLE as LANDING_STYLE
from adapters.http.reference_words import example_of, fields_of, name_of, type_of
from adapters.http.transfer import BYTES

Json = Mapping[str, Any]

STYLE = (
    LANDING_STYLE
    + """
section{margin:1.5rem 0}h2{margin-top:2rem}h3{font-size:1.1rem;margin:0 0 .25rem}h4{margin:1rem 0 .25rem}
.table{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}caption{text-align:left;font-weight:600;padding:.75rem 0 .25rem}
nav ul{columns:20rem;list-style:none;padding:0}nav li{break-inside:avoid}
.method{font-weight:700;color:var(--accent)}
.table:focus-visible,pre:focus-visible{outline:3px solid var(--mark);outline-offset:3px}
"""
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Zeus CSMS: the API</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>The API</h1>
{introduction}
<p>The same for programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1). <a href="/">Front page</a>.</p>
</header>
<main id="content">
<nav aria-label="Operations">{contents}</nav>
{nouns}
<h2 id="shapes">Shapes</h2>
{shapes}
<h2 id="errors">Errors</h2>
{problem}
</main>
</body>
</html>
"""

_METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Json) -> str:
    """The page of a document that `openapi.document` made."""
    reference = _Reference(document)
    return _PAGE.format(
        style=STYLE,
        introduction=_prose(document["info"]["description"]),
        contents="".join(reference.contents()),
        nouns="".join(reference.nouns()),
        shapes="".join(reference.shape(name) for name in reference.shapes if name != "Problem"),
        problem=reference.shape("Problem"),
    )


class _Reference:
    """Renders the parts of one document."""

    def __init__(self, document: Json) -> None:
        self._components: Json = document["components"]
        self.shapes: Json = self._components["schemas"]
        self._tags: Sequence[Json] = document["tags"]
        self._operations = [
            (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in _METHODS
        ]

    def contents(self) -> Iterator[str]:
        """Links to all operations, by noun."""
        for tag in self._tags:
            links = "".join(
                f'<li><a href="#{escape(one["operationId"])}">{method} {escape(path)}</a></li>'
                for method, path, one in self._of(tag["name"])
            )
            yield f"<p><strong>{escape(tag['name'])}</strong></p><ul>{links}</ul>"

    def nouns(self) -> Iterator[str]:
        """A chapter for each noun."""
        for tag in self._tags:
            yield f"<h2>{escape(tag['name'])}</h2>{_prose(tag['description'])}"
            for method, path, operation in self._of(tag["name"]):
                yield self._operation(method, path, operation)

    def shape(self, name: str) -> str:
        """A section with the fields of a shape."""
        schema = self.shapes[name]
        rows = [
            (f"<code>{escape(field.name)}</code>", field.type, _inline(field.description))
            for field in fields_of(schema, self.shapes, depth=99)
        ]
        body = _table("Fields", ("Field", "Type", "Meaning"), rows) if rows else f"<p>{type_of(schema)}</p>"
        words = _prose(schema.get("description", ""))
        return f'<section id="shape-{escape(name)}"><h3>{escape(name)}</h3>{words}{body}</section>'

    def _of(self, noun: str) -> list[tuple[str, str, Json]]:
        return [one for one in self._operations if noun in one[2]["tags"]]

    def _operation(self, method: str, path: str, operation: Json) -> str:
        parameters = [self._resolved(one) for one in operation["parameters"]]
        example = self._example(method, path, parameters, operation)
        return (
            f'<section id="{escape(operation["operationId"])}">'
            f'<h3><span class="method">{method}</span> <code>{escape(path)}</code></h3>'
            f"<p><strong>{escape(operation['summary'])}.</strong></p>{_prose(operation['description'])}"
            f"{_parameters(parameters)}{self._body(operation)}{self._answers(operation)}"
            f'<h4>Example</h4><pre tabindex="0" aria-label="Example of a request">'
            f"<code>{escape(example)}</code></pre></section>"
        )

    def _body(self, operation: Json) -> str:
        if "requestBody" not in operation:
            return ""
        body = operation["requestBody"]
        rows = [
            (
                f"<code>{escape(one.name)}</code>",
                one.type,
                "required" if one.required else "",
                _inline(one.description),
            )
            for one in fields_of(_schema(body), self.shapes)
        ]
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
        largest = body.get("x-largest-bytes")
        bound = f"at most {largest} bytes" if largest else "as large as the operator allows"
        note = f"<p>Body: {kinds}, {bound}.</p>"
        return note + _table("Body", ("Field", "Type", "", "Meaning"), rows)

    def _answers(self, operation: Json) -> str:
        rows = []
        for status, one in operation["responses"].items():
            answer = self._resolved(one)
            kinds = answer.get("content", {})
            shown = type_of(_schema(answer)) if int(status) < 400 and kinds else ""
            rows.append((f"<code>{status}</code>", _inline(answer["description"]), shown))
        return _table("Answers and errors", ("Status", "Meaning", "Shape"), rows)

    def _example(self, method: str, path: str, parameters: Sequence[Json], operation: Json) -> str:
        place = re.sub(r"\{(\w+)\}", lambda found: "$" + found[1].upper(), path)
        lines = (
            [f'curl -fsS -X {method} "$ZEUS_URL{place}"']
            if method != "GET"
            else [f'curl -fsS "$ZEUS_URL{place}"']
        )
        lines.append('-H "Authorization: Bearer $ZEUS_TOKEN"')
        if any(one["name"] == "Idempotency-Key" for one in parameters):
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        kind = next(iter(operation.get("requestBody", {}).get("content", ())), "")
        if kind == BYTES:
            lines += [f'-H "Content-Type: {BYTES}"', "--data-binary @file.bin"]
        elif kind:
            body = example_of(_schema(operation["requestBody"]), self.shapes)
            text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
            lines += ['-H "Content-Type: application/json"', f"-d '{text}'"]
        return " \\\n  ".join(lines)

    def _resolved(self, one: Json) -> Json:
        """The component that is referred to, or the thing itself."""
        if "$ref" not in one:
            return one
        kind, _, name = one["$ref"].removeprefix("#/components/").partition("/")
        found: Json = self._components[kind][name_of(name)]
        return found


def _schema(holder: Json) -> Json:
    """The schema of the first media type."""
    found: Json = next(iter(holder["content"].values()))["schema"]
    return found


def _parameters(parameters: Iterable[Json]) -> str:
    rows = [
        (
            f"<code>{escape(one['name'])}</code>",
            one["in"],
            type_of(one["schema"]),
            _inline(one.get("description", "")),
        )
        for one in parameters
    ]
    return _table("Parameters", ("Name", "In", "Type", "Meaning"), rows) if rows else ""


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """`rows` are HTML; on a narrow screen the table scrolls by itself, by keyboard too."""
    columns = "".join(f'<th scope="col">{word}</th>' if word else "<td></td>" for word in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="table" tabindex="0" role="group" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _prose(text: str) -> str:
    """Paragraphs with code marks."""
    return "".join(f"<p>{_inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()) if part)


def _inline(text: str) -> str:
    """Escaped, with code marks; a line break is one where a list of codes has it."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return marked.replace("\n<code>", "<br><code>")

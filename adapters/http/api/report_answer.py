"""A report as JSON, as CSV, or as a picture, whichever was asked for."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from adapters.http.action import Answered, Doing
from adapters.http.api.report_shapes import ReportShape
from adapters.http.body import JSON
from adapters.http.csv_table import csv_head, csv_lines
from adapters.http.heat_map_svg import SVG
from adapters.http.negotiation import CSV, wanted
from adapters.http.reading import VARY
from adapters.http.report_query import ReportQuery

GIVES = (JSON, CSV)
PICTURED = (JSON, CSV, SVG)
_BY_NAME = {"json": JSON, "csv": CSV, "svg": SVG}


def media_type(request: Request, query: ReportQuery, gives: Sequence[str]) -> str:
    """What `format` says, else what `Accept` prefers."""
    if query.format is not None:
        return _BY_NAME[query.format]
    return wanted(request.headers.get("accept"), gives)


async def answer(
    request: Request, doing: Doing[Any, Any], report: ReportShape, columns: Sequence[str]
) -> Response | Answered:
    """JSON says all; CSV holds the items, and in its headers what they are as of."""
    report = await doing.named(report)
    if media_type(request, doing.query, GIVES) != CSV:
        return Answered(report)
    excel: bool = doing.query.excel
    items: Sequence[Any] = dict(report)["items"]
    body = csv_head(columns, excel=excel) + csv_lines(columns, items, excel=excel)
    name = f"{report.report}-{report.as_of_position}.csv"
    return Response(body, 200, headers_of(report, name), "text/csv; charset=utf-8; header=present")


def picture(report: ReportShape, svg: str) -> Response:
    """SVG that may fetch and run nothing."""
    headers = headers_of(report, "") | {
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(svg, 200, headers, SVG)


def headers_of(report: ReportShape, name: str) -> dict[str, str]:
    """Where a report without room for it says what it is as of."""
    headers = {
        "Cache-Control": "no-store",
        "Vary": VARY,
        "Link": f'<{report.again}>; rel="canonical"',
        "Zeus-As-Of-Position": str(report.as_of_position),
    }
    return headers | ({"Content-Disposition": f'attachment; filename="{name}"'} if name else {})

"""What is served outside the API: the front page, health, metrics, and a word to browsers at `/ocpp`."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from adapters.http.access import Right
from adapters.http.doorman import Doorman
from adapters.http.health import LOOP_BUDGET_S, Health, loop_turn_s
from adapters.http.lag import LagWatch
from adapters.http.landing import Landing
from adapters.http.metrics import CONTENT_TYPE, Metrics
from adapters.http.problems import Problem, method_not_allowed, unauthenticated

Answer = Callable[[Request], Awaitable[Response]]

NO_STORE = {"Cache-Control": "no-store"}
_ALLOWED = "GET, HEAD, OPTIONS"


class Plain:
    """A page without parameters: GET and HEAD, and OPTIONS says so."""

    def __init__(self, pattern: str, answer: Answer) -> None:
        self._pattern = pattern
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["zeus.route"] = self._pattern
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers={"Allow": _ALLOWED})
        elif scope["method"] in ("GET", "HEAD"):
            response = await self._answer(Request(scope, receive))
        else:
            raise method_not_allowed(_ALLOWED)
        await response(scope, receive, send)


class Pages:
    """The answers."""

    def __init__(
        self,
        *,
        doorman: Doorman,
        health: Health,
        draining: Callable[[], bool],
        watch: LagWatch,
        metrics: Metrics,
        landing: Landing,
        open_metrics: bool,
        public_url: str,
    ) -> None:
        self._doorman = doorman
        self._health = health
        self._draining = draining
        self._watch = watch
        self._metrics = metrics
        self._landing = landing
        self._open_metrics = open_metrics
        self._public_url = public_url.rstrip("/")

    async def livez(self, request: Request) -> Response:
        """The loop turns: depends on nothing else."""
        if await loop_turn_s() > LOOP_BUDGET_S:
            return PlainTextResponse("blocked\n", 503, NO_STORE)
        return PlainTextResponse("ok\n", 200, NO_STORE)

    async def readyz(self, request: Request) -> Response:
        """`{"state": "ready"|"not_ready"|"draining"}`; reasons and notes for those who run the installation."""
        body: dict[str, object] = {"state": await self._state()}
        caller = await self._doorman.caller_if_any(request)
        if caller is not None and Right.PLATFORM in caller.rights:
            verdict = await self._health.readiness()
            body |= {"reasons": verdict.reasons, "notes": verdict.notes}
        if body["state"] == "ready":
            return Response(orjson.dumps(body), 200, NO_STORE, "application/json")
        return Response(orjson.dumps(body), 503, {**NO_STORE, "Retry-After": "5"}, "application/json")

    async def metrics(self, request: Request) -> Response:
        """The text format of Prometheus; without the database there are no figures of the read models."""
        if not self._open_metrics:
            await self._admit(request)
        try:
            lags = await self._watch.read()
        except Problem:
            lags = None
        body = self._metrics.exposition(lags, await loop_turn_s(), self._watch.jobs)
        return Response(body, 200, {**NO_STORE, "Content-Type": CONTENT_TYPE})

    async def landing(self, request: Request) -> Response:
        """The front page."""
        page = self._landing.render(self._origin(request), await self._state())
        return HTMLResponse(page, 200, self._landing.headers)

    async def ocpp(self, request: Request) -> Response:
        """Somebody opened the chargers' address in a browser, which installers do to test it."""
        words = (
            "This address works: it is where chargers connect by WebSocket (OCPP-J), and a browser cannot.\n"
            "Enter it in the charger as its backend URL, with the charger's id at the end:\n\n"
            f"  {self._origin(request).replace('http', 'ws', 1)}/ocpp/1.6/<charger id>\n"
        )
        headers = {**NO_STORE, "Upgrade": "websocket", "Connection": "Upgrade"}
        return PlainTextResponse(words, 426, headers)

    async def _admit(self, request: Request) -> None:
        """The figures are made of all tenants together: nobody who acts for one of them may see them."""
        caller = await self._doorman.caller(request)
        if caller is None:
            raise unauthenticated()
        if Right.PLATFORM not in caller.rights:
            raise Problem("role", f"The right `{Right.PLATFORM}` is needed.")

    def _origin(self, request: Request) -> str:
        """`https://host[:port]` as the visitor sees it."""
        return self._public_url or f"{request.url.scheme}://{request.url.netloc}"

    async def _state(self) -> str:
        if self._draining():
            return "draining"
        return "ready" if (await self._health.readiness()).ready else "not_ready"

"""`/install-card/{token}`: the card behind a sealed link, shown once to whoever holds it."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from adapters.http.install_card import HEADERS
from adapters.http.install_card_links import PATH, CardGone, InstallCards
from adapters.http.problems import Problem
from application import clock
from application.ports import StoreUnavailable


def install_card_routes(cards_of: Callable[[str], InstallCards]) -> list[BaseRoute]:
    """The route, which asks for no token: the link is the key, and it opens once.

    `cards_of` gives the cards of a tenant by the end of the link, which is empty for the default one.
    """

    async def show(request: Request) -> Response:
        request.scope["zeus.shown_path"] = PATH + "…"
        if request.method == "HEAD":  # looking at a link must not use it up
            return Response(status_code=204, headers=HEADERS)
        try:
            token = request.path_params["token"]
            page = await cards_of(token.partition(".")[2]).open(token, clock.now())
        except CardGone as error:
            raise Problem("not_found", " ".join((type(error).__doc__ or "").split())) from error
        except StoreUnavailable as error:
            detail = "The card cannot be shown while the event store does not confirm. Try the link again."
            raise Problem("store_unavailable", detail) from error
        return HTMLResponse(page, headers=HEADERS)

    return [StarletteRoute(PATH + "{token}", show, methods=["GET", "HEAD"])]

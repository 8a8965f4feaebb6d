"""The front page for people: what this is, where chargers connect, where the API is, how it is doing."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape

STYLE = """
:root{color-scheme:light dark;--ink:#17202c;--soft:#4d5a6b;--paper:#fbfaf7;--card:#fff;--line:#dcdfe4;
--accent:#0b5f8a;--good:#136c3a;--bad:#a3260f;--mark:#f2b705}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f5;--soft:#aab6c5;--paper:#10151c;--card:#18202a;
--line:#2d3846;--accent:#7cc7ee;--good:#6fd59a;--bad:#ff9a85;--mark:#ffd043}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,code:focus-visible{outline:3px solid var(--mark);outline-offset:3px;border-radius:3px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem}
header,main,footer{max-width:54rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:3.5rem}
h1{font-size:clamp(2rem,6vw,3rem);line-height:1.1;letter-spacing:-.02em;margin:0 0 .5rem}
h1 svg{width:.8em;height:.8em;vertical-align:-.05em;margin-right:.25em;fill:var(--mark)}
.lead{font-size:1.2rem;color:var(--soft);max-width:38rem;margin:0}
.state{display:inline-flex;gap:.6em;align-items:center;margin:1.5rem 0 0;font-weight:600}
.state::before{content:"";width:.75em;height:.75em;border-radius:50%;background:currentColor}
.ready{color:var(--good)}.not_ready,.draining{color:var(--bad)}
.cards{display:grid;gap:1.25rem;margin:2rem 0;
grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr))}
section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem 1.5rem}
h2{font-size:1.15rem;margin:0 0 .5rem}p{margin:.5rem 0}
dl{margin:.75rem 0 0}dt{font-weight:600}dd{margin:0 0 .6rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
code{overflow-wrap:anywhere}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--paper)}
ul{padding-left:1.1rem;margin:.5rem 0}
footer{color:var(--soft);padding-bottom:3rem;font-size:.95rem}
"""

WORDS = {
    "ready": "Ready: chargers are let in and answered.",
    "not_ready": "Not ready: something it depends on does not answer.",
    "draining": "Restarting: chargers will be let in again in a moment.",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Zeus CSMS</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1><svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
<path d="M9.5 0 2 9h4.5L5 16l8-10H8.2z"/></svg>Zeus CSMS</h1>
<p class="lead">The central system that EV chargers connect to. Every message is stored before it is answered;
everything shown is computed from that log.</p>
<p class="state {state}" role="status">{words}</p>
</header>
<main id="content">
<div class="cards">
<section aria-labelledby="chargers">
<h2 id="chargers">Connect a charger</h2>
<p>Set the charger to OCPP over WebSocket (JSON) and enter the address for its version, ending in its id:</p>
<dl>{addresses}</dl>
<p>Some chargers append the id themselves: leave it out there. The charger must be registered first;
whoever knocks in vain is listed with the reason under
<a href="/api/ocpp/connection-attempts">connection attempts</a>.</p>
</section>
<section aria-labelledby="api">
<h2 id="api">Use the API</h2>
<p>JSON under <code>/api/ocpp</code>, described at <a href="/api/docs">/api/docs</a>.
Send your API token with every request:</p>
<pre tabindex="0" aria-label="Example of a request"><code>curl -H "Authorization: Bearer $ZEUS_TOKEN" \\
  {origin}/api/ocpp/chargers</code></pre>
<ul>{links}</ul>
</section>
<section aria-labelledby="health">
<h2 id="health">Health</h2>
<ul>
<li><a href="/livez">/livez</a>: the process answers</li>
<li><a href="/readyz">/readyz</a>: it should be sent traffic</li>
<li><a href="/metrics">/metrics</a>: figures for Prometheus{metrics_note}</li>
</ul>
</section>
</div>
</main>
<footer><p>A browser cannot send the token: the links to the API answer 401 here.
Use <code>curl</code> or your own client.</p></footer>
</body>
</html>
"""


class Landing:
    """Renders the page; holds what does not change from one visitor to the next."""

    def __init__(
        self, versions: Sequence[str], links: Sequence[tuple[str, str]], *, open_metrics: bool
    ) -> None:
        """`versions` of OCPP that are let in; `links` are (address, what it is) of the API."""
        self._versions = versions
        self._links = "".join(
            f'<li><a href="{escape(path)}">{escape(path)}</a>: {escape(words)}</li>' for path, words in links
        )
        self._metrics_note = "" if open_metrics else " (with the token)"
        digest = b64encode(sha256(STYLE.encode()).digest()).decode()
        self.headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
        }

    def render(self, origin: str, state: str) -> str:
        """The page. `origin` is `https://host[:port]` as the visitor sees it."""
        sockets = origin.replace("http", "ws", 1)
        addresses = "".join(
            f"<dt>OCPP {escape(version)}</dt>"
            f"<dd><code>{escape(sockets)}/ocpp/{escape(version)}/&lt;charger id&gt;</code></dd>"
            for version in self._versions
        )
        return _PAGE.format(
            style=STYLE,
            state=state,
            words=WORDS[state],
            addresses=addresses,
            origin=escape(origin),
            links=self._links,
            metrics_note=self._metrics_note,
        )

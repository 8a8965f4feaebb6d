"""Facts of repairs: corrections of many sessions by one plan."""

from domain.event import Fact
from domain.transactions.interpretation import Interpretation


class RepairBegun(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody, the actor, applies a plan: each session it names is corrected by an event of its own."""

    TOPIC = "repair.begun"
    reason: str
    rule: Interpretation
    edition: int
    """Of the energy rules."""
    changes: int
    """How many sessions the plan changes."""
    difference_wh: int
    """Of all of them together, as far as both figures are known."""

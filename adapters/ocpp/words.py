"""The port `application.commands.Offering`, answered by the tables of every version."""

from adapters.ocpp.offering import offered, why_not
from adapters.ocpp.versions import Version
from domain.commands.intent import Abilities, Intent


class WordsOfOcpp:
    """What each version has words for."""

    def why_not(self, protocol: str, intent: Intent, abilities: Abilities) -> str:
        """See the port."""
        return why_not(Version(protocol), intent, abilities)

    def offered(self, protocol: str, abilities: Abilities) -> dict[str, str]:
        """See the port."""
        return offered(Version(protocol), abilities)

"""An installation card with a password is opened once: the store itself refuses the second time."""

from application import clock
from application.ports import EventStore, VersionConflict
from domain.event import Told, events_of
from domain.provisioning.events import InstallCardShown


class CardShownAlready(Exception):
    """This link was opened before and works no more; issue a new password to get a new card."""


async def show_once(store: EventStore, tenant: str, card_id: str, cpid: str) -> None:
    """Record that the card is shown. Raises CardShownAlready, StoreUnavailable: then do not show it."""
    told = Told(recorded_at=clock.now(), actor="zeus")
    fact = InstallCardShown(cpid=cpid)
    try:
        await store.append(events_of(f"install-card/{tenant}/{card_id}", 0, [fact], told))
    except VersionConflict as error:
        raise CardShownAlready(cpid) from error

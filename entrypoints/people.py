"""The people of this installation: the keys behind their secrets, and whoever works with them."""

from adapters.people.argon2_hashes import Argon2Hashes
from adapters.people.keyring import Keys
from application.passwords import Passwords
from application.people import UserBook
from application.ports import EventStore
from entrypoints.database import people_keys
from entrypoints.settings import Settings


def open_book(store: EventStore, settings: Settings) -> UserBook:
    """People as they stand in the log."""
    return UserBook(store, Keys(people_keys(settings)))


def open_passwords(settings: Settings) -> tuple[Passwords, Argon2Hashes]:
    """For a short command; close the hashes."""
    hashes = Argon2Hashes(threads=1)
    return Passwords(Keys(people_keys(settings)), hashes), hashes

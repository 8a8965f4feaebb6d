"""Personal data of this installation: its key, its subjects, and the store behind the seal."""

import logging

from adapters.eventstore.store import open_store
from adapters.privacy.key_ring import KeyRing, read_key_file
from adapters.privacy.opening import open_subjects, sealed
from adapters.privacy.sealed_store import SealedEventStore
from adapters.privacy.subjects import Subjects
from domain.catalogue import FACTS
from entrypoints.database import data_home
from entrypoints.settings import Settings

log = logging.getLogger("zeus.privacy")

KEY_FILE = "privacy-key"


def key_ring(settings: Settings) -> KeyRing:
    """The key of the settings, or of the file, which is made where it is missing. Raises PrivacyKeyWrong."""
    if settings.privacy_key is not None:
        return KeyRing.read(settings.privacy_key.get_secret_value())
    return read_key_file(settings.privacy_key_file or data_home(settings) / KEY_FILE)


def subjects_of(database_url: str, settings: Settings) -> Subjects:
    """Whose the tokens are; the caller closes them. Raises PrivacyKeyWrong, VaultUnavailable.

    The key is compared with the one the database was filled with: with another nothing could be read, and what
    were written could never be read together with the rest.
    """
    subjects = open_subjects(database_url, key_ring(settings))
    try:
        subjects.agree()
    except BaseException:
        subjects.close()
        raise
    return subjects


def watched_subjects(database_url: str, settings: Settings) -> Subjects:
    """The same for a process that stays: it forgets at once whom another one erases."""
    subjects = subjects_of(database_url, settings)
    subjects.watch()
    return subjects


def behind_seal(database_url: str, subjects: Subjects) -> SealedEventStore:
    """The event store, which takes the subjects over."""
    return sealed(open_store(database_url, FACTS), subjects, FACTS)


def open_sealed_store(database_url: str, settings: Settings) -> SealedEventStore:
    """The event store for a command that is over soon. Raises PrivacyKeyWrong, VaultUnavailable."""
    return behind_seal(database_url, subjects_of(database_url, settings))

"""Facts about personal data: that a subject was erased, and that somebody read what is sealed."""

from domain.event import Fact


class SubjectErased(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A subject's key is destroyed: nobody can read what the log holds of it. On `subject/<tenant>/<ref>`."""

    TOPIC = "subject.erased"
    ref: str
    """The pseudonym, such as `~MFRGGZDFMZTWQ2LKNNWG23TPOA`; it leads to nobody any more."""
    legal_basis: str
    """Why, such as `GDPR Art. 17(1)(b)`."""
    plain: bool = False
    """There are events from before sealing that name the subject in plain text, which nothing can erase."""


class PersonalDataRead(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody was shown what is sealed otherwise; on `disclosure/<tenant>/<id>`, a stream a reading."""

    TOPIC = "personal_data.read"
    what: str
    """`frames` or `export`."""
    reason: str
    subjects: tuple[str, ...] = ()
    """The pseudonyms of those whose data were shown."""
    places: tuple[int, ...] = ()
    """Frames: the positions in the log of the messages."""

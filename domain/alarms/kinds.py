"""What raises an alarm, how severe it is, and what it means: one table."""

from typing import NamedTuple

from domain.alarms.events import Severity


class Kind(NamedTuple):
    """A kind of alarm."""

    name: str
    severity: Severity
    words: str


_CRITICAL = {
    "FirmwareUpdated": "The firmware of the charger was replaced.",
    "SettingSystemTime": "The clock of the charger was set.",
    "StartupOfTheDevice": "The charger was started.",
    "ResetOrReboot": "The charger was restarted.",
    "SecurityLogWasCleared": "The security log of the charger was emptied.",
    "MemoryExhaustion": "The charger ran out of memory.",
    "TamperDetectionActivated": "The charger detects that somebody opened or moved it.",
    "MaintenanceLoginAccepted": "Somebody logged in at the charger for maintenance.",
    "MaintenanceLoginFailed": "Somebody failed to log in at the charger for maintenance.",
}
_WARNING = {
    "FailedToAuthenticateAtCentralSystem": "The charger could not authenticate itself here.",
    "FailedToAuthenticateAtCsms": "The charger could not authenticate itself here.",
    "CentralSystemFailedToAuthenticate": "The charger could not tell that it speaks to us.",
    "CsmsFailedToAuthenticate": "The charger could not tell that it speaks to us.",
    "ReconfigurationOfSecurityParameters": "Security settings of the charger were changed.",
    "InvalidMessages": "The charger received messages that it could not read.",
    "AttemptedReplayAttacks": "The charger received messages that it had received before.",
    "InvalidFirmwareSignature": "The charger was given a firmware whose signature is wrong.",
    "InvalidFirmwareSigningCertificate": "The charger was given a firmware signed by one it does not trust.",
    "InvalidCentralSystemCertificate": "The charger was shown a certificate of ours that it does not trust.",
    "InvalidCsmsCertificate": "The charger was shown a certificate of ours that it does not trust.",
    "InvalidChargePointCertificate": "The charger was given a certificate for itself that it does not take.",
    "InvalidChargingStationCertificate": "The charger was given a certificate for itself that it does not take.",
    "InvalidTLSVersion": "The charger was offered a TLS version that is not safe.",
    "InvalidTLSCipherSuite": "The charger was offered no cipher suite that is safe.",
}
REPORTED = {
    name.lower(): Kind(name, severity, words)
    for severity, table in ((Severity.CRITICAL, _CRITICAL), (Severity.WARNING, _WARNING))
    for name, words in table.items()
}
"""Security events of chargers (security white paper §8, 2.1 part 2 appendix 1) by name in small letters."""

OTHER_EVENT = Kind(
    "other_security_event", Severity.INFO, "The charger reports a security event of its maker's."
)
"""One kind for all that a maker may invent: a charger cannot fill the list with names."""

PASSWORD_GUESSING = Kind(
    "password_guessing", Severity.WARNING, "Wrong passwords were shown for this charger, one after the other."
)
SIGN_IN_GUESSING = Kind(
    "sign_in_guessing",
    Severity.WARNING,
    "Wrong passwords or codes were shown for this person, one after the other.",
)
ADDRESS_LOCKED = Kind(
    "address_locked", Severity.WARNING, "Too many attempts from this address were refused: it has to wait."
)
SECOND_CONNECTION = Kind(
    "duplicate_connection",
    Severity.WARNING,
    "Somebody with the password of this charger knocked while it was connected.",
)
WEAKER_PROFILE = Kind(
    "weaker_profile",
    Severity.WARNING,
    "Somebody knocked as this charger with a weaker protection than is set.",
)
WRONG_NETWORK = Kind(
    "wrong_network",
    Severity.WARNING,
    "Somebody knocked as this charger, which needs no password, from a network that is not listed.",
)
BAD_CERTIFICATE = Kind(
    "bad_certificate",
    Severity.CRITICAL,
    "A certificate that is revoked or another's was shown for this charger.",
)
FOREIGN_TRANSACTION = Kind(
    "foreign_transaction",
    Severity.WARNING,
    "The charger named a transaction that belongs to another charger.",
)
CHARGER_OFFLINE = Kind(
    "charger_offline", Severity.WARNING, "The charger stays away for longer than it was told to be silent."
)
RESTLESS = Kind(
    "arrivals_too_often",
    Severity.INFO,
    "The charger connects and leaves again many times a minute: it has to wait.",
)
STRANGERS = Kind(
    "strangers_at_the_api",
    Severity.WARNING,
    "Too many requests without a good token came from this address: it has to wait.",
)
MASS_COMMANDS = Kind(
    "mass_commands",
    Severity.CRITICAL,
    "Somebody tried to stop, restart, unlock or limit many chargers in a short time.",
)
SIGNED_VALUES_WRONG = Kind(
    "signed_values_wrong",
    Severity.WARNING,
    "The signed meter values of a session do not hold: it cannot be billed by them.",
)
FOREIGN_REQUEST = Kind(
    "foreign_request",
    Severity.WARNING,
    "The charger named a request or a reservation that was made to another charger.",
)
OUTCOME_UNKNOWN = Kind(
    "command_outcome_unknown",
    Severity.INFO,
    "A command left for the charger, and nobody knows what became of it.",
)

PROFILE_NOT_TAKEN = Kind(
    "profile_not_taken",
    Severity.WARNING,
    "The charger did not come with the higher security profile that it was asked to.",
)

CERTIFICATE_EXPIRING = Kind(
    "certificate_expiring", Severity.WARNING, "A certificate ends within four weeks and was not renewed."
)
CERTIFICATE_ENDING = Kind(
    "certificate_ending",
    Severity.CRITICAL,
    "A certificate ends within a week, or has ended: who shows it is refused then.",
)

CONFIGURATION_DRIFT = Kind(
    "configuration_drift",
    Severity.WARNING,
    "Settings of the charger are not as wanted, and nothing on its way changes that.",
)
OF_CERTIFICATES = (CERTIFICATE_EXPIRING, CERTIFICATE_ENDING)


def of_report(name: str) -> Kind:
    """The kind of a charger's own security event."""
    return REPORTED.get(name.strip().lower(), OTHER_EVENT)

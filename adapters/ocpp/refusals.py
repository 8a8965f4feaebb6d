"""Why a connection attempt is refused or flagged, in a code for machines and a hint for the installer."""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """A finding about a connection attempt. The values are stored with attempts and never change."""

    PATH_MALFORMED = "path_malformed"
    PATH_VERSION_UNKNOWN = "path_version_unknown"
    PATH_DOUBLE_SLASH = "path_double_slash"
    ID_MISSING = "id_missing"
    ID_DOUBLED = "id_doubled"
    ID_INVALID = "id_invalid"
    ID_TRAILING_SLASH = "id_trailing_slash"
    ID_TRAILING_SPACE = "id_trailing_space"
    ID_TRAILING_PERCENT = "id_trailing_percent"
    ID_ENCODED_TWICE = "id_encoded_twice"
    ID_CASE = "id_case"
    ID_UNKNOWN = "id_unknown"
    ID_FACTORY = "id_factory"
    TENANT_UNKNOWN = "tenant_unknown"
    SUBPROTOCOL_MISSING = "subprotocol_missing"
    SUBPROTOCOL_UNSUPPORTED = "subprotocol_unsupported"
    VERSION_DISABLED = "version_disabled"
    AUTH_MISSING = "auth_missing"
    AUTH_MALFORMED = "auth_malformed"
    AUTH_USER_MISMATCH = "auth_user_mismatch"
    AUTH_PASSWORD = "auth_password"  # noqa: S105 a reason code, no password
    AUTH_HEX_FORM = "auth_hex_form"
    AUTH_LOCKED = "auth_locked"
    PROFILE_MISMATCH = "profile_mismatch"
    NETWORK_NOT_ALLOWED = "network_not_allowed"
    CLIENT_CERT_MISSING = "client_cert_missing"
    CLIENT_CERT_EXPIRED = "client_cert_expired"
    CLIENT_CERT_CN = "client_cert_cn"
    CLIENT_CERT_O = "client_cert_o"
    CLIENT_CERT_REVOKED = "client_cert_revoked"
    CLIENT_CERT_UNTRUSTED = "client_cert_untrusted"
    TLS_VERSION = "tls_version"
    TLS_CIPHER = "tls_cipher"
    TLS_PLAIN = "tls_plain"
    TLS_SERVER_CERT = "tls_server_cert"
    DUPLICATE_CONNECTION = "duplicate_connection"
    RATE_LIMITED = "rate_limited"
    ARRIVALS_TOO_OFTEN = "arrivals_too_often"
    CHARGER_DISABLED = "charger_disabled"
    DRAINING = "draining"


class Verdict(msgspec.Struct, frozen=True):
    """What the charger gets, and what the installer reads."""

    hint: str
    http_status: int | None = None
    """Refused before the upgrade with this status."""
    close_code: int | None = None
    """Accepted without a subprotocol, then closed with this code."""
    tls_alert: int | None = None
    """No TLS came about, so no request was read: the alert that says why (RFC 8446 §6)."""

    @property
    def refuses(self) -> bool:
        """False for a flag: the charger is let in and the entry is worth correcting."""
        return (self.http_status, self.close_code, self.tls_alert) != (None, None, None)


VERDICTS = {
    Reason.PATH_MALFORMED: Verdict(
        "The address is not one of ours. It reads /ocpp/<id> or /ocpp/1.6/<id>, nothing before or after.", 404
    ),
    Reason.PATH_VERSION_UNKNOWN: Verdict(
        "The address names an OCPP version unknown here. Use /ocpp/1.6, /ocpp/2.0.1 or /ocpp/2.1.",
        404,
    ),
    Reason.PATH_DOUBLE_SLASH: Verdict(
        "The address holds a double slash. It works; take the slash off the end of the backend URL."
    ),
    Reason.ID_MISSING: Verdict(
        "The address ends before the charge point id: this box does not append it. Enter the full URL with "
        "the id at the end (variant B of the installation card).",
        404,
    ),
    Reason.ID_DOUBLED: Verdict(
        "The id is in the address twice: this box appends it by itself. Enter the URL without the id "
        "(variant A of the installation card).",
        404,
    ),
    Reason.ID_INVALID: Verdict(
        "The charge point id cannot be used: 1 to 48 printable characters, without slash, colon and blanks "
        "around it. Check the field in the box.",
        404,
    ),
    Reason.ID_TRAILING_SLASH: Verdict("There is a slash after the charge point id. It works; take it away."),
    Reason.ID_TRAILING_SPACE: Verdict(
        "There is a blank before or after the charge point id. It works; take it away."
    ),
    Reason.ID_TRAILING_PERCENT: Verdict(
        "There is a percent sign after the charge point id. It works; take it away."
    ),
    Reason.ID_ENCODED_TWICE: Verdict(
        "The charge point id is percent-encoded twice: enter it in the box as plain text."
    ),
    Reason.ID_CASE: Verdict("The charge point id is written in other capitals than registered. It works."),
    Reason.ID_UNKNOWN: Verdict(
        "No charger with this id is registered. Compare it letter by letter with the installation card "
        "(O and 0, I and 1), or add the charger.",
        404,
    ),
    Reason.TENANT_UNKNOWN: Verdict(
        "The address names a tenant that is not served here, or holds a part too many: it reads "
        "/ocpp/<id>, or /ocpp/<tenant>/<id>, with or without a version after /ocpp.",
        404,
    ),
    Reason.ID_FACTORY: Verdict(
        "The box still has its factory id. Enter the one of the installation card.", 404
    ),
    Reason.SUBPROTOCOL_MISSING: Verdict(
        "The box offers no OCPP version. Set it to OCPP 1.6 J (JSON over WebSocket), not SOAP.",
        close_code=1002,
    ),
    Reason.SUBPROTOCOL_UNSUPPORTED: Verdict(
        "The box offers no OCPP version that is spoken at this address. Set it to OCPP 1.6 J, or use the address "
        "of its version.",
        close_code=1002,
    ),
    Reason.VERSION_DISABLED: Verdict(
        "This OCPP version is switched off on this system. Set the box to OCPP 1.6 J.", close_code=1011
    ),
    Reason.AUTH_MISSING: Verdict("The box sends no password. Enter it, and choose security profile 2.", 401),
    Reason.AUTH_MALFORMED: Verdict(
        "The box sends an authorization that cannot be read. Enter the password again; security profile 1 "
        "or 2 uses HTTP Basic.",
        401,
    ),
    Reason.AUTH_USER_MISMATCH: Verdict(
        "The user name is not the charge point id. Enter the id as user, or leave the field empty.", 401
    ),
    Reason.AUTH_PASSWORD: Verdict("The password is wrong. Enter the one of the installation card.", 401),
    Reason.AUTH_HEX_FORM: Verdict("The box presents the password in its 40-digit form. It works."),
    Reason.AUTH_LOCKED: Verdict(
        "Too many wrong passwords. Correct it, then wait a quarter of an hour: it tries again by itself.", 429
    ),
    Reason.PROFILE_MISMATCH: Verdict(
        "The box connects with another security profile than set for it (ws or wss, password or "
        "certificate). Set both to the same.",
        403,
    ),
    Reason.NETWORK_NOT_ALLOWED: Verdict(
        "This charger needs no password, so it may come from listed networks alone, and this address is in none of "
        "them. Give it a password (security profile 1 or 2), or list its network.",
        403,
    ),
    Reason.CLIENT_CERT_MISSING: Verdict("This charger must present a certificate and presents none.", 401),
    Reason.CLIENT_CERT_EXPIRED: Verdict(
        "The certificate of the charger has expired. Install a new one.", 401
    ),
    Reason.CLIENT_CERT_CN: Verdict(
        "The certificate is of another charger: its CN is not the serial number.", 403
    ),
    Reason.CLIENT_CERT_O: Verdict("The certificate is of another operator (O).", 403),
    Reason.CLIENT_CERT_REVOKED: Verdict("The certificate of the charger has been revoked.", 403),
    Reason.CLIENT_CERT_UNTRUSTED: Verdict(
        "The certificate of the charger is of no authority that is known here. Install one of ours, or add the "
        "authority and those between it and the charger to ZEUS_TLS_CLIENT_CA.",
        403,
        tls_alert=48,
    ),
    Reason.TLS_VERSION: Verdict(
        "The box speaks an old TLS only. It needs TLS 1.2: update its firmware.", tls_alert=70
    ),
    Reason.TLS_CIPHER: Verdict(
        "The box knows none of the cipher suites of OCPP's security profiles, or only those of a kind of "
        "certificate (RSA, ECDSA) that this server has not.",
        tls_alert=40,
    ),
    Reason.TLS_PLAIN: Verdict(
        "The box speaks without TLS at the port for TLS. Use wss:// in its backend URL.", tls_alert=10
    ),
    Reason.TLS_SERVER_CERT: Verdict(
        "The box does not believe this server's certificate. Upload our root certificate to it, use the "
        "server's name in the backend URL, and check the clock of the box.",
        tls_alert=48,
    ),
    Reason.DUPLICATE_CONNECTION: Verdict(
        "A second connection with this id while the first one is alive: two boxes share an id, or the box "
        "lost its network for a moment.",
        409,
    ),
    Reason.RATE_LIMITED: Verdict(
        "Too many refused attempts from this address. It will be let in again by itself.", 429
    ),
    Reason.ARRIVALS_TOO_OFTEN: Verdict(
        "The box connects and leaves again many times a minute. Look at its network and its WebSocket settings; it is "
        "let in again by itself.",
        429,
    ),
    Reason.CHARGER_DISABLED: Verdict("This charger has been disabled by its operator.", 403),
    Reason.DRAINING: Verdict("This server is being restarted. The box will connect again by itself.", 503),
}
"""One verdict for each reason."""

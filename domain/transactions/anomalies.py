"""What can be odd about a transaction; recorded beside the figures, never instead of them."""

from enum import StrEnum


class Anomaly(StrEnum):
    """A flag on a session, with the sentence an operator reads."""

    BUSY_CONNECTOR = "busy_connector"
    SUPERSEDED = "superseded"
    END_WITHOUT_START = "end_without_start"
    UPDATE_WITHOUT_START = "update_without_start"
    UNKNOWN_NUMBER = "unknown_number"
    NUMBER_MINUS_ONE = "number_minus_one"
    FOREIGN_NUMBER = "foreign_number"
    LATE_START = "late_start"
    AFTER_END = "after_end"
    ATTRIBUTED = "readings_attributed"
    REFERENCE_REUSED = "reference_reused"
    ENDED_TWICE = "ended_twice"
    ENDS_BEFORE_START = "ends_before_start"
    TIME_UNKNOWN = "time_unknown"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of a flag
    NEGATIVE_METER = "negative_meter"
    METER_WENT_BACK = "meter_went_back"
    IMPLAUSIBLE_METER = "implausible_meter"
    METER_START_MISSING = "meter_start_missing"
    METER_START_FROM_SAMPLE = "meter_start_from_sample"
    METER_STOP_MISSING = "meter_stop_missing"
    METER_STOP_FROM_SAMPLE = "meter_stop_from_sample"
    CLOSED_UNREPORTED = "closed_unreported"
    ENERGY_CORRECTED = "energy_corrected"

    @property
    def sentence(self) -> str:
        """What an operator reads."""
        return SENTENCES[self]


SENTENCES = {
    Anomaly.BUSY_CONNECTOR: "Started while another transaction was open on the same connector.",
    Anomaly.SUPERSEDED: "Another transaction started on its connector before its end was reported.",
    Anomaly.END_WITHOUT_START: "The end was reported, a start never was.",
    Anomaly.UPDATE_WITHOUT_START: "Readings were reported before any start.",
    Anomaly.UNKNOWN_NUMBER: "The charger ended a transaction number that was never given out.",
    Anomaly.NUMBER_MINUS_ONE: "The charger ended transaction -1: it never learned the number of its start.",
    Anomaly.FOREIGN_NUMBER: "The charger named a transaction number that belongs to another charger.",
    Anomaly.LATE_START: "The start was reported after the end or after readings.",
    Anomaly.AFTER_END: "Readings arrived after the end.",
    Anomaly.ATTRIBUTED: "Readings named no transaction; they were given to the one running on the connector.",
    Anomaly.REFERENCE_REUSED: "The charger used a transaction id again that had ended before.",
    Anomaly.ENDED_TWICE: "The end was reported more than once, with different content.",
    Anomaly.ENDS_BEFORE_START: "By the charger's clock it ended before it started.",
    Anomaly.TIME_UNKNOWN: "The charger gave no readable time; ours was taken.",
    Anomaly.TOKEN_REFUSED: "The token was not accepted, yet the charger started.",
    Anomaly.NEGATIVE_METER: "The meter register was negative and was not used.",
    Anomaly.METER_WENT_BACK: "The meter register went back during the transaction.",
    Anomaly.IMPLAUSIBLE_METER: "The meter register rose faster than any charger can deliver.",
    Anomaly.METER_START_MISSING: "No reading at or after the start: the energy is unknown.",
    Anomaly.METER_START_FROM_SAMPLE: "No reading at the start: the first later reading was taken.",
    Anomaly.METER_STOP_MISSING: "No reading at the end: the energy is unknown.",
    Anomaly.METER_STOP_FROM_SAMPLE: "No reading at the end: the last earlier reading was taken.",
    Anomaly.ENERGY_CORRECTED: "The energy was corrected by a person, who read the register by another rule.",
    Anomaly.CLOSED_UNREPORTED: "Its end was not reported in time; it was closed at the last reading, if there was one.",
}

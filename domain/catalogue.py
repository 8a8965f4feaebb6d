"""Every fact there is: one table, from which the store, the documents and the tests read."""

from domain.chargers import events as charger
from domain.event import Fact
from domain.id_tokens import events as id_token
from domain.transactions import events as transaction

FACTS: tuple[type[Fact], ...] = (
    charger.Registered,
    charger.CredentialIssued,
    charger.SecurityProfileChosen,
    charger.AcceptanceDecided,
    charger.Connected,
    charger.Disconnected,
    charger.HandshakeRefused,
    charger.Booted,
    charger.HeartbeatReceived,
    charger.ClockSkewMeasured,
    charger.StatusReported,
    charger.Metered,
    charger.TokenPresented,
    charger.TransactionOpened,
    charger.TransactionClosed,
    charger.DataTransferred,
    charger.FrameRejected,
    charger.FramesSuppressed,
    charger.MessageRepeated,
    charger.MessageWithheld,
    charger.AnswerUnexpected,
    charger.FrameIgnored,
    transaction.Started,
    transaction.Metered,
    transaction.ChargingStateChanged,
    transaction.Noted,
    transaction.TokenShown,
    transaction.Ended,
    transaction.EnergySettled,
    transaction.Superseded,
    transaction.NumberClaimed,
    id_token.Issued,
    id_token.Blocked,
    id_token.Unblocked,
    id_token.TakenUp,
    id_token.GivenBack,
)

BY_TOPIC: dict[str, type[Fact]] = {fact.TOPIC: fact for fact in FACTS}
"""Stored name → class."""

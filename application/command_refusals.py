"""Why a charger is not asked something; the docstrings are what people are told. Nothing was recorded or sent."""


class ChargerNotConnected(Exception):
    """The charger is not connected. Nothing was sent and nothing is kept for later; ask again when it is online."""


class ChargerNotAccepted(Exception):
    """The charger waits to be accepted and may not be asked this yet (1.6 §4.2, 2.x B02.FR.05)."""


class NotPossible(Exception):
    """This charger, or its version of OCPP, cannot do that; the message says why. Nothing was sent."""


class TransactionRunning(Exception):
    """A transaction is running, and this would end it. Stop it first, or say `force` if that is what you want."""


class ConnectorBusy(Exception):
    """A transaction is running on this connector already."""


class TransactionUnknown(Exception):
    """No transaction of this name is running at this charger."""


class KeyReused(Exception):
    """This key stands for another command, which was asked for with it before. Use a new key for another request."""

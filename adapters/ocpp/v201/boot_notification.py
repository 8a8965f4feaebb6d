"""BootNotification of OCPP 2.0.1: as in all of 2.x."""

from adapters.ocpp.v2x.boot_notification import to_answer, to_report

__all__ = ["to_answer", "to_report"]

"""The tables of the floor."""

from watchfloor.noc.models.alerts import AlertEvent
from watchfloor.noc.models.broadcast import LiveConnection, NOCEventLog
from watchfloor.noc.models.intake import ActivitySignal, DeadLetter, IngestKey, SiteNetwork
from watchfloor.noc.models.predictions import FraudPredictionLog
from watchfloor.noc.models.thresholds import (
    Threshold,
    ThresholdAuditLog,
    ThresholdProposal,
    ThresholdWatch,
)
from watchfloor.noc.models.work import ReviewItem, Ticket, TicketEvidence, TicketStop

__all__ = [
    "ActivitySignal",
    "AlertEvent",
    "DeadLetter",
    "FraudPredictionLog",
    "IngestKey",
    "LiveConnection",
    "NOCEventLog",
    "ReviewItem",
    "SiteNetwork",
    "Threshold",
    "ThresholdAuditLog",
    "ThresholdProposal",
    "ThresholdWatch",
    "Ticket",
    "TicketEvidence",
    "TicketStop",
]

"""The tables of models and of what became of their predictions."""

from watchfloor.ml.models.calibration import CalibrationSet, CutReason
from watchfloor.ml.models.coverage import CoverageMonitor, CoverageStep, ExchangeabilityGuard
from watchfloor.ml.models.drift import (
    DriftReport,
    ExpectedErrorMonitor,
    FeatureDay,
    PerformanceMonitor,
)
from watchfloor.ml.models.metrics import ModelPerformanceMetrics
from watchfloor.ml.models.numbers import NumericCalibrationSet, NumericEstimate
from watchfloor.ml.models.outcomes import OutcomeRecord
from watchfloor.ml.models.predictions import PredictionLog, ScoredPrediction, ShadowScore
from watchfloor.ml.models.registry import (
    Blob,
    Deployment,
    ModelStack,
    ModelVersion,
    TrainingDataset,
)
from watchfloor.ml.models.retrain import RetrainJob, RetrainSafeguard, RollbackWatch
from watchfloor.ml.models.rollup import ScoreDay, ScoreDelta, ScoreSpan

__all__ = [
    "Blob",
    "CalibrationSet",
    "CoverageMonitor",
    "CoverageStep",
    "CutReason",
    "Deployment",
    "DriftReport",
    "ExchangeabilityGuard",
    "ExpectedErrorMonitor",
    "FeatureDay",
    "ModelPerformanceMetrics",
    "ModelStack",
    "ModelVersion",
    "NumericCalibrationSet",
    "NumericEstimate",
    "OutcomeRecord",
    "PerformanceMonitor",
    "PredictionLog",
    "RetrainJob",
    "RetrainSafeguard",
    "RollbackWatch",
    "ScoreDay",
    "ScoreDelta",
    "ScoreSpan",
    "ScoredPrediction",
    "ShadowScore",
    "TrainingDataset",
]

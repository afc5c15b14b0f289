"""Every name of the original specification leads to a line, or says honestly that it is planned."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/names.md"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
ISSUES = frozenset(
    {
        "The whole loop",
        "Uncertainty that a decision can stand on",
        "Models that are watched",
        "Retraining that cannot make things worse",
        "The floor senses",
        "The floor acts",
        "A console people want to work in",
        "Thresholds an operator can move",
        "no issue yet",
    }
)
PARTS = (
    [f"W{n}" for n in range(1, 12)]
    + [f"U{n}" for n in range(1, 7)]
    + [f"H{n}" for n in range(1, 8)]
    + [f"R{n}" for n in range(1, 7)]
    + [f"T{n}" for n in range(1, 8)]
    + [f"P{n}" for n in range(1, 6)]
    + [f"X{n}" for n in range(1, 8)]
    + [f"B{n}" for n in range(1, 11)]
)
SPECIFIED = (
    "ActivitySignalCollector",
    "AlertCluster",
    "AlertCorrelationService",
    "AnomalyDetector",
    "AutoRetrainService",
    "BaselineProfile",
    "CalibrationDataManager",
    "ConformalIntervalCalculator",
    "ConformalPredictorService",
    "DriftDetectionService",
    "FraudPredictionLog",
    "InferenceMetricsCollector",
    "ML_CONFIG",
    "ML_DRIFT_DETECTED",
    "ModelPerformanceMetrics",
    "ModelValidator",
    "NOCEventLog",
    "NonconformityScorer",
    "PredictionLog",
    "ProductionIntegration",
    "SHAP",
    "SecurityAnomalyOrchestrator",
    "TaskMetrics",
    "ThresholdAuditLog",
    "ThresholdSimulatorService",
    "TrainingDataset",
    "_create_ml_fraud_ticket",
    "backfill_performance_metrics",
    "check_model_performance_rollback",
    "compute_daily_performance_metrics",
    "detect_performance_drift",
    "detect_statistical_drift",
    "is_narrow_interval",
    "load_calibration_data",
    "noc_alert_event",
    "retrain_model_async",
)


def _rows() -> list[tuple[str, str, str]]:
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    rows = [(name.strip(), path.strip(" `"), symbol.strip()) for name, path, symbol, _ in found]
    return [row for row in rows if row[0] != "name"]


ROWS = _rows()
LEADING = [
    (name, path, symbol)
    for name, path, symbols in ROWS
    if path != "planned"
    for symbol in re.findall(r"`([\w.]+)`", symbols) or [""]
]


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Return the names a module defines: its own, and those of its classes as `Class.name`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in tree.body:
        names |= _names_of(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for each in node.body for name in _names_of(each)}
    return frozenset(names)


def _names_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


@pytest.mark.parametrize(("name", "path", "symbol"), LEADING)
def test_every_name_leads_somewhere(name: str, path: str, symbol: str):
    if path.startswith("docs/"):
        assert (ROOT / path).exists()
        return

    assert symbol in defined_in(ROOT / "src/watchfloor" / path)


def test_what_is_planned_names_its_issue():
    planned = {symbol for _, path, symbol in ROWS if path == "planned"}

    assert planned - ISSUES == set()


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_product_has_a_row(part: str):
    assert any(name.split()[0] == part for name, _, _ in ROWS)


@pytest.mark.parametrize("sought", SPECIFIED)
def test_every_system_of_the_specification_has_a_row(sought: str):
    assert any(sought in name for name, _, _ in ROWS)

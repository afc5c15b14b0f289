"""ML_CONFIG: every key of the specification, typed, bounded, and free of contradictions."""

import json
import math
from dataclasses import FrozenInstanceError

import pytest

from watchfloor.core.errors import InvalidConfiguration
from watchfloor.core.ml_config import ABOUT, ENVIRONMENTS, KEYS, RANGES, MLConfig

SPECIFICATION = {
    "ENABLE_DRIFT_MONITORING": True,
    "ENABLE_DRIFT_ALERTS": True,
    "ENABLE_AUTO_RETRAIN": False,
    "AUTO_RETRAIN_ENABLED_TENANTS": [],
    "ENABLE_AUTO_RETRAIN_FRAUD": False,
    "ENABLE_AUTO_RETRAIN_CONFLICT": False,
    "REQUIRE_MANUAL_APPROVAL_CRITICAL_DRIFT": True,
    "STATISTICAL_DRIFT_PVALUE_CRITICAL": 0.001,
    "STATISTICAL_DRIFT_PVALUE_HIGH": 0.01,
    "STATISTICAL_DRIFT_PVALUE_MEDIUM": 0.05,
    "PERFORMANCE_DRIFT_CRITICAL": 0.20,
    "PERFORMANCE_DRIFT_HIGH": 0.10,
    "PERFORMANCE_DRIFT_MEDIUM": 0.05,
    "PRECISION_DRIFT_HIGH": 0.15,
    "RECALL_DRIFT_HIGH": 0.15,
    "RETRAIN_COOLDOWN_DAYS": 7,
    "RETRAIN_MIN_TRAINING_SAMPLES": 100,
    "RETRAIN_MIN_VALIDATION_SAMPLES": 30,
    "MAX_CONCURRENT_RETRAIN_JOBS": 2,
    "CONFLICT_MIN_ACCURACY": 0.70,
    "CONFLICT_MIN_PRECISION": 0.60,
    "CONFLICT_MIN_RECALL": 0.50,
    "CONFLICT_MIN_ROC_AUC": 0.70,
    "FRAUD_MIN_PR_AUC": 0.70,
    "FRAUD_MIN_PRECISION_AT_80_RECALL": 0.50,
    "ROLLBACK_CHECK_HOURS": 24,
    "ROLLBACK_ACCURACY_DROP_THRESHOLD": 0.05,
    "ROLLBACK_PRECISION_DROP_THRESHOLD": 0.10,
    "ENABLE_AUTO_ROLLBACK": True,
    "TRAINING_DATA_DAYS": 180,
    "DRIFT_DETECTION_RECENT_DAYS": 7,
    "DRIFT_BASELINE_START_DAYS": 30,
    "DRIFT_BASELINE_END_DAYS": 60,
    "MIN_DAILY_PREDICTIONS_WITH_OUTCOMES": 10,
    "DRIFT_ALERT_DEDUP_HOURS": 24,
    "CRITICAL_DRIFT_AUTO_ESCALATE_MINUTES": 60,
    "DRIFT_ALERT_CHANNELS": ["noc_dashboard", "email", "websocket"],
    "DRIFT_ALERT_TARGET_TEAM": "ml_engineering",
    "DAILY_METRICS_TIMEOUT": 3600,
    "DRIFT_DETECTION_TIMEOUT": 600,
    "RETRAINING_TIMEOUT": 1800,
    "ROLLBACK_CHECK_TIMEOUT": 300,
    "LOG_ALL_DRIFT_CHECKS": True,
    "LOG_DETAILED_METRICS": True,
    "MONITOR_DRIFT_TASK_PERFORMANCE": True,
}


class TestKeys:
    def test_are_the_forty_five_of_the_specification_in_its_order(self):
        assert len(KEYS) == 45
        assert list(SPECIFICATION) == list(KEYS)

    def test_have_the_defaults_of_the_specification(self):
        assert MLConfig().to_mapping() == SPECIFICATION

    @pytest.mark.parametrize("key", KEYS)
    def test_say_what_they_do_and_what_they_may_hold(self, key):
        assert ABOUT[key].endswith(".")
        assert RANGES[key]


class TestFromMapping:
    def test_lays_the_given_keys_over_the_defaults(self):
        config = MLConfig.from_mapping({"AUTO_RETRAIN_ENABLED_TENANTS": ["acme", "nordwall"]})

        assert config.auto_retrain_enabled_tenants == ("acme", "nordwall")
        assert config.training_data_days == 180

    def test_round_trips_through_json(self):
        config = MLConfig.from_mapping(ENVIRONMENTS["development"])

        read_again = MLConfig.from_mapping(json.loads(json.dumps(config.to_mapping())))

        assert read_again == config

    def test_reads_a_whole_number_where_a_share_is_expected(self):
        config = MLConfig.from_mapping({"FRAUD_MIN_PR_AUC": 1})

        assert type(config.fraud_min_pr_auc) is float

    def test_refuses_an_unknown_key_and_offers_the_nearest(self):
        with pytest.raises(InvalidConfiguration, match="did you mean RETRAIN_COOLDOWN_DAYS"):
            MLConfig.from_mapping({"RETRAIN_COOLDOWN_DAY": 3})

    def test_refuses_the_field_name_in_lower_case(self):
        with pytest.raises(InvalidConfiguration, match="did you mean RETRAIN_COOLDOWN_DAYS"):
            MLConfig.from_mapping({"retrain_cooldown_days": 3})

    @pytest.mark.parametrize("key", KEYS)
    def test_refuses_a_wrong_type_by_name(self, key):
        wrong = {"a": 1}

        with pytest.raises(InvalidConfiguration, match=f"^{key}: got"):
            MLConfig.from_mapping({key: wrong})

    @pytest.mark.parametrize("key", KEYS)
    def test_refuses_none_by_name(self, key):
        with pytest.raises(InvalidConfiguration, match=f"^{key}: got None"):
            MLConfig.from_mapping({key: None})

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("ENABLE_AUTO_RETRAIN", 1),
            ("ENABLE_AUTO_RETRAIN", "false"),
            ("RETRAIN_COOLDOWN_DAYS", True),
            ("RETRAIN_COOLDOWN_DAYS", 7.0),
            ("RETRAIN_COOLDOWN_DAYS", -1),
            ("TRAINING_DATA_DAYS", 0),
            ("RETRAINING_TIMEOUT", 0),
            ("RETRAIN_MIN_VALIDATION_SAMPLES", 0),
            ("FRAUD_MIN_PR_AUC", 1.01),
            ("FRAUD_MIN_PR_AUC", math.nan),
            ("FRAUD_MIN_PR_AUC", math.inf),
            ("FRAUD_MIN_PR_AUC", True),
            ("FRAUD_MIN_PR_AUC", "0.7"),
            ("AUTO_RETRAIN_ENABLED_TENANTS", "acme"),
            ("AUTO_RETRAIN_ENABLED_TENANTS", ["acme", "acme"]),
            ("AUTO_RETRAIN_ENABLED_TENANTS", [""]),
            ("AUTO_RETRAIN_ENABLED_TENANTS", [7]),
            ("DRIFT_ALERT_CHANNELS", ["pager"]),
            ("DRIFT_ALERT_TARGET_TEAM", " "),
        ],
    )
    def test_refuses_what_is_out_of_range(self, key, value):
        with pytest.raises(InvalidConfiguration, match=f"^{key}: got"):
            MLConfig.from_mapping({key: value})


class TestContradictions:
    @pytest.mark.parametrize(
        ("mapping", "key"),
        [
            ({"STATISTICAL_DRIFT_PVALUE_CRITICAL": 0.01}, "STATISTICAL_DRIFT_PVALUE_HIGH"),
            ({"STATISTICAL_DRIFT_PVALUE_MEDIUM": 0.005}, "STATISTICAL_DRIFT_PVALUE_HIGH"),
            ({"PERFORMANCE_DRIFT_HIGH": 0.3}, "PERFORMANCE_DRIFT_HIGH"),
            ({"PERFORMANCE_DRIFT_MEDIUM": 0.1}, "PERFORMANCE_DRIFT_HIGH"),
            ({"DRIFT_DETECTION_RECENT_DAYS": 31}, "DRIFT_BASELINE_START_DAYS"),
            ({"DRIFT_BASELINE_END_DAYS": 30}, "DRIFT_BASELINE_END_DAYS"),
            ({"ENABLE_AUTO_RETRAIN": True, "RETRAIN_COOLDOWN_DAYS": 0}, "RETRAIN_COOLDOWN_DAYS"),
            (
                {"ENABLE_AUTO_RETRAIN": True, "ENABLE_DRIFT_MONITORING": False},
                "ENABLE_AUTO_RETRAIN",
            ),
            ({"DRIFT_ALERT_CHANNELS": []}, "DRIFT_ALERT_CHANNELS"),
        ],
        ids=[
            "critical p above high",
            "medium p below high",
            "high loss above critical",
            "medium loss as high",
            "reference holds tested days",
            "reference of no length",
            "cooldown inside the watch",
            "retrain without monitoring",
            "alerts to nobody",
        ],
    )
    def test_are_refused_by_name(self, mapping, key):
        with pytest.raises(InvalidConfiguration, match=f"^{key}: got"):
            MLConfig.from_mapping(mapping)

    def test_are_refused_when_they_arise_from_an_override(self):
        config = MLConfig.from_mapping({"DRIFT_BASELINE_START_DAYS": 10})

        with pytest.raises(InvalidConfiguration, match="DRIFT_BASELINE_START_DAYS"):
            config.override({"DRIFT_DETECTION_RECENT_DAYS": 14})

    def test_monitoring_alone_can_be_switched_off_in_one_step(self):
        config = MLConfig().override({"ENABLE_DRIFT_MONITORING": False})

        assert not config.enable_drift_monitoring


class TestOverride:
    def test_returns_a_new_configuration_and_keeps_the_old(self):
        before = MLConfig()

        after = before.override({"ROLLBACK_CHECK_HOURS": 48})

        assert (before.rollback_check_hours, after.rollback_check_hours) == (24, 48)

    def test_with_nothing_changes_nothing(self):
        assert MLConfig().override({}) == MLConfig()

    def test_is_the_only_way_to_change_a_value(self):
        with pytest.raises(FrozenInstanceError):
            MLConfig().rollback_check_hours = 48


class TestEnvironments:
    @pytest.mark.parametrize("environment", ENVIRONMENTS)
    def test_are_valid_and_enable_no_tenant(self, environment):
        config = MLConfig().override(ENVIRONMENTS[environment])

        assert config.auto_retrain_enabled_tenants == ()

    def test_are_three(self):
        assert list(ENVIRONMENTS) == ["development", "staging", "production"]

    def test_development_retrains_soon_and_on_little(self):
        config = MLConfig().override(ENVIRONMENTS["development"])

        assert config.enable_auto_retrain
        assert config.enable_auto_retrain_fraud
        assert config.enable_auto_retrain_conflict
        assert config.retrain_min_training_samples == 20
        assert config.retrain_cooldown_days == 1

    @pytest.mark.parametrize("environment", ["staging", "production"])
    def test_elsewhere_the_master_switch_stays_off(self, environment):
        config = MLConfig().override(ENVIRONMENTS[environment])

        assert not config.enable_auto_retrain
        assert config.require_manual_approval_critical_drift

"""Scorer Meta-Optimizer: everything that is neither Airflow nor SSH."""

__version__ = "0.2.0"

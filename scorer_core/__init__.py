"""Scorer Meta-Optimizer: everything that is neither Airflow nor SSH."""

__version__ = "0.1.0"

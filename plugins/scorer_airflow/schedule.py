"""When the DAG runs by itself: by the Asset of Step 1's pool, and by the cron of the settings."""

from __future__ import annotations

from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable

from scorer_airflow.tasks import POOL_ASSET
from scorer_core.settings import load_settings

NO_CRON = "none"


def fleet_schedule() -> Any:
    """Return when the fleet is looked at between runs; None, by hand alone, for the setting `none`."""
    cron = load_settings().fleet_schedule
    return None if cron == NO_CRON else CronTriggerTimetable(cron, timezone="UTC")


def schedule() -> Any:
    """Return the DAG's schedule; the setting `none` leaves the Asset alone."""
    cron = load_settings().schedule
    if cron == NO_CRON:
        return [POOL_ASSET]
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="UTC"), assets=[POOL_ASSET])

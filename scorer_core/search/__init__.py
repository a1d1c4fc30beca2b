"""The search: samplers, the lane that asks, runs and tells, the study of record, the swept grid, regret."""

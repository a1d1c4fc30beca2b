"""The search: the ledger of budget tickets, Optuna's samplers, the lane that asks, runs and tells."""

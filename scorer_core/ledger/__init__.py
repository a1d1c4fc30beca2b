"""The ledger: runs, budget tickets, results, rig health and decisions, in one database."""

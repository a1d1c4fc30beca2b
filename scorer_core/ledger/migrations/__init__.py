"""The ledger's schema, one migration after the other; `versions/` holds one file for each."""

"""What a page shows of an installation, as typed records, of ledger, run folders and published config; read only."""

"""The fleet: how every GPU and node is, by what the ledger knows of them."""

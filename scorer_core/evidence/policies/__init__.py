"""Mask policies compared on one pool: evidence for the choice between them, which stays the operator's."""

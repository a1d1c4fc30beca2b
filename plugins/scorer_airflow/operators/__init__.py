"""Operators that hold a connection to a node, and the approval."""

"""The exact answer: every config of the search space, on all rows."""

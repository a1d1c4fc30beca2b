"""The quality gate: whether the search's answer is real, worth it and better, on rows it never saw.

Pure functions, no input or output: the same `Case` gives the same `Decision`, bit by bit.
"""

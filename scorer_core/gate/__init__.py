"""The quality gate: whether a search's answer is real, worth it and better, with every config of the space paid for.

Pure functions, no input or output: the same `Case` gives the same `Decision`, bit by bit.
"""

"""The oldest Python and numpy that a worker runs on."""

MIN_PYTHON = (3, 10)
MIN_NUMPY = (1, 24)

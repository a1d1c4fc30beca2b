"""Calibration of the gate by simulation.

Does it publish noise, does it find what is there, do its bounds hold?

One thread per process: the studies run many processes, and numpy reads these before it is imported.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

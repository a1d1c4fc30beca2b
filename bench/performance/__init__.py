"""What we claim about speed, measured: `python -m bench.performance`.

One core means one thread: the variables are set before numpy is imported, and children inherit them.
"""

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

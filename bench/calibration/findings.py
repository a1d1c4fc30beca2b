"""What the recorded results say in words: where one misses its target, what it could not show, and what did not fit."""

from __future__ import annotations

FINDINGS = {
    "null": (
        "In the figure, to the right of log10 p = -1.2, p is by normal tails, which are smaller than the exact "
        "ones: nothing is searched where even these cannot be real.\n\n"
        "Finding: of *made, whole trials* 7 of 200 are published at alpha 0.01 (the first decision may spend 0.0061). "
        "The cause looked for: the p of two of them, convolved anew with scipy, agree to 12 digits; of 1,200 further "
        "pools of that kind with other seeds 6 are real at 0.0061 (0.5 %) and 43 at 0.0304 (3.6 %, where 3.0 % is "
        "allowed). So the 7 look like chance; that kind uses up all that the payment leaves.\n\n"
        "Not run: whole sweeps of the space (`--engine sweep@all`, 12 pools)."
    ),
    "life": "Not run: 200 lives each (20 here), and five lives in the whole space.",
    "peeking": "Not run: 500 repeats. The interval still reaches above alpha.",
    "reigns": (
        "Finding: a challenger that is better by 0.05 hardly ever replaces a champion within 60 nights. The k-th "
        "challenger needs z(0.3 / (pi² k²)), 4.3 standard errors at the 60th, and on 24,000 new rows 0.05 is 1.3 of "
        "them at a lift of 1.5, 2.1 at 2. Errors come with few new rows, where D / SE is least normal."
    ),
    "words": (
        "Finding: the U of a sweep is by Hoeffding's bound (`scorer_core/scoring/tail.py`), 0.13 above the exact "
        "one at 5,000 rows: no REJECT is wrong here, but they are rarer than the data allow. By the exact bound of the "
        "one config U were below 1.1 in 2 of the first 40. Not run: 200 pools for REJECT at each size (40 here)."
    ),
    "champions": (
        "Not measured: nothing is published in these few lives, whose pools of 1,800 to 6,000 rows are too small at "
        "the numbers of later nights, so that nothing could be replaced. 25 lives each on larger pools were not run."
    ),
}
"""By study."""

"""What the recorded results say in words: where one misses its target, what it could not show, and what did not fit."""

from __future__ import annotations

FINDINGS = {
    "null": (
        "In the figure, to the right of log10 p = -1.2, p is by normal tails, which are smaller than the exact "
        "ones: nothing is searched where even these cannot be real. *Made, whole trials* is the kind that uses up what "
        "the payment leaves: p of two pools that were published, convolved anew with scipy, agree to 12 digits."
    ),
    "life": (
        "A fresh pool each night is the study of peeking. In the life that grows by two rows, and where trials are "
        "relabelled, each night is a decision of its own although the pool hardly changed: that is what the column of "
        "the first decisions would come to, were they not paid for."
    ),
    "reigns": (
        "Finding: a challenger that is better by 0.05 hardly ever replaces a champion within 60 nights. The k-th "
        "challenger needs z(0.3 / (pi² k²)), 4.3 standard errors at the 60th, and on 24,000 new rows 0.05 is 1.3 of "
        "them at a lift of 1.5, 2.1 at 2. Errors come with few new rows, where D / SE is least normal."
    ),
    "words": (
        "Finding: the U of a sweep is by Hoeffding's bound (`scorer_core/scoring/tail.py`), 0.13 above the exact "
        "one at 5,000 rows: REJECT is rarer than the data allow, and hardly ever wrong."
    ),
    "champions": (
        "Once a config is published, hardly anything replaces it within 60 nights: a whole sweep finds the planted "
        "mask, or one close to it, at once; later nights bring the same mask, or one no better on the new rows."
    ),
}
"""By study."""

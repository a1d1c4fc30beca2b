"""The exact statistics of a mask when labels are compared within Step 1 trials only: no trial's share is a signal.

Given the seeds and the Step 1 trial that found each, labels are exchangeable within a trial. So the minority rows that
a mask keeps are a sum of independent hypergeometric counts, one a trial: the exact form of the test of Cochran, Mantel
and Haenszel (N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22, 1959; C. R. Mehta, N. R. Patel, R. Gray, J. Am. Stat.
Assoc. 80, 1985).
"""

"""Scoring of one config on a pool: the search space, the residue mask, the objective."""

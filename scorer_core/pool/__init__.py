"""The pool of survivors: load and validate, cut into folds, sample rows."""

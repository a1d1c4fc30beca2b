"""The pool of survivors: load and validate, split into search and holdout, sample rows."""

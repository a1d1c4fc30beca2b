"""One file for each version of the schema; what was released is never changed again."""

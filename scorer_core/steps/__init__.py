"""The steps of a run, one file for each task of the DAG. The DAG and the command line call these."""

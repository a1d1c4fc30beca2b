"""`python -m scorer_core` is the command line `scorer`."""

from scorer_core.cli.app import main

main()

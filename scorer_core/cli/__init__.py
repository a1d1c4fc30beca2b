"""The command line `scorer`: reads options, calls the steps, prints. Heavy modules are imported in the commands."""

from scorer_core.rig.threads import limit_unless_told

limit_unless_told()

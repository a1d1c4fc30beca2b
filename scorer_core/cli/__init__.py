"""The command line `scorer`: reads options, calls the steps, prints. Heavy modules are imported in the commands."""

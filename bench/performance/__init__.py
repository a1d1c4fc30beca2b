"""How fast it is: one module a claim, each measured on this machine, every comparison within one run."""

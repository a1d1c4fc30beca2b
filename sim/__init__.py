"""Stand-ins for what a demo machine lacks: sample pools instead of Step 1, simulated rigs instead of a cluster."""

"""How a rig is: checks of its GPUs and of itself, without root, agent or anything installed. Standard library only."""

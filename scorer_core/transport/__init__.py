"""How the head reaches a rig: the port, the commands that travel over it, the worker session."""

"""What runs on a rig: the worker, its protocol, the GPU probe, and where its files are."""

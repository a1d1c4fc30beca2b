"""SSH to the rigs, over the provider's SSHHook."""

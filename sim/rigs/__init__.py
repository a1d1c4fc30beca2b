"""Simulated rigs: every node of a cluster as a real SSH and SFTP server on loopback."""

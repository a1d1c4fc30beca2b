"""The checks of the gate: each says what it saw, what it needed, and what that means."""

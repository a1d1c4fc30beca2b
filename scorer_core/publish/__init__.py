"""The published config: built, checked, replaced, archived, and read as the gate's champion."""

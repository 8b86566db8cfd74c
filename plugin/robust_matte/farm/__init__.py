"""Keying on a farm: one plan for many shots, and the pieces of work it is cut into."""

"""Weights files: which are known by name, where they are kept, and how they come there."""

"""Plate space, working space and what the network sees."""

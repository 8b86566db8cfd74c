"""Plates in, EXR layers out."""

"""Which file suffixes are stills and which are movies."""

__all__ = ["IMAGE_SUFFIXES", "MOVIE_SUFFIXES"]

IMAGE_SUFFIXES = frozenset({".exr", ".tif", ".tiff", ".png", ".dpx", ".jpg", ".jpeg"})
MOVIE_SUFFIXES = frozenset({".mov", ".mp4", ".m4v", ".mkv", ".mxf", ".avi", ".webm", ".ts"})

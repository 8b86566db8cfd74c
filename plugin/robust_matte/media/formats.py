"""Which file suffixes are stills and which are movies, and what our own results are known by."""

__all__ = ["IMAGE_SUFFIXES", "JOB_ATTRIBUTE", "MOVIE_SUFFIXES"]

IMAGE_SUFFIXES = frozenset({".exr", ".tif", ".tiff", ".png", ".dpx", ".jpg", ".jpeg"})
MOVIE_SUFFIXES = frozenset({".mov", ".mp4", ".m4v", ".mkv", ".mxf", ".avi", ".webm", ".ts"})

JOB_ATTRIBUTE = "robust_matte/job"

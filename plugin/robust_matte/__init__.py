"""Robust Matte: recurrent video matting for compositors."""

__version__ = "0.1.0"

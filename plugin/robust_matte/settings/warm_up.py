"""How many frames warm the network's state up before a segment."""

__all__ = ["DEFAULT_WARM_UP"]

# The mean difference of a first frame's alpha to that of a settled state falls from 0.023 to 0.003.
DEFAULT_WARM_UP = 16

"""From frames to mattes: segments, cuts, the network and the foreground."""

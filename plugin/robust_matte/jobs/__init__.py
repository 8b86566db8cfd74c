"""One plate from command to finished files: plan, key, check what is done, show it."""

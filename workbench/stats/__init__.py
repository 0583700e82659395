"""Intervals, paired tests and sequential looks; every number with its n."""

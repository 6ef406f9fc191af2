"""Measure the figures in the docs. `make bench` and `make bench-...` run these modules."""

"""What digitsite claims in figures, measured: run by `make bench-...`."""

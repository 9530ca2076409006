"""Benchmarks: ratios to a reference that is measured in the same run, on a private server that is thrown away."""

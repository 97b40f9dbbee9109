"""Benchmarks: run by hand or by `tox -e bench`; they print figures and assert nothing."""

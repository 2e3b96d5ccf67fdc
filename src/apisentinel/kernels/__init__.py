"""Numba building blocks without domain words."""

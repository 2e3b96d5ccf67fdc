"""Measures the product: generated logs, speed and memory of a scan, equality of its output."""

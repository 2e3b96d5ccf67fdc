"""Bytes to `RequestBatch`: one parser per log format, and detection of the format."""

"""Health, metrics, settings and sources."""

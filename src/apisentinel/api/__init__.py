"""The service over HTTP: ingest, reading, management, and who may do what."""

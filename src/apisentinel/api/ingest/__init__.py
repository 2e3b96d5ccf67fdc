"""Traffic in: our own route, Splunk's collector, OpenTelemetry."""

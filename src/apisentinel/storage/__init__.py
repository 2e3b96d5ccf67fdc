"""What is kept: the journal of accepted batches, the control store, the events with verdicts."""

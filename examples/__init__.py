"""The sample log and the scripts that write it."""

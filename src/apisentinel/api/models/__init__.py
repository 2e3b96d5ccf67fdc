"""Model bundles over HTTP: what judges, how well, and the way back."""

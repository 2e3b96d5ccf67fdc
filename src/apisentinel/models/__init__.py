"""What is trained: models, their ensemble, and the bundles that carry them."""

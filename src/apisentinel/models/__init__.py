"""What is learned: models, their bundles, and who may sign them."""

"""Traffic of another author, with ground truth, and what the product makes of it."""

"""What people decide about clients, users and endpoints."""

"""Who may do what: keys, sessions, users, roles, and the audit of what they did."""

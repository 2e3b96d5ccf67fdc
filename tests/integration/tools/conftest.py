"""The shop runs as a process of its own, with the agent from its folder."""

collect_ignore = ["shop.py"]

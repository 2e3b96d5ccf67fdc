"""The door: what comes in is understood, freed of secrets, deduplicated and on disk before it is
acknowledged.
"""

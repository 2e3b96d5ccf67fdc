"""The running judge: takes committed batches, keeps state and findings, and recovers after a
stop.
"""

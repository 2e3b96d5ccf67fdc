"""The command line: reads options, runs the pipeline, writes reports."""

from apisentinel.cli.app import main

__all__ = ["main"]

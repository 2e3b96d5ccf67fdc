"""Bytes in: files, folders, globs, standard input."""

from apisentinel.sources.base import DEFAULT_CHUNK, MAX_LINE, MIN_CHUNK, Chunk, Source
from apisentinel.sources.discovery import Discovery, discover
from apisentinel.sources.file import STDIN, FileSource

__all__ = [
    "DEFAULT_CHUNK",
    "MAX_LINE",
    "MIN_CHUNK",
    "STDIN",
    "Chunk",
    "Discovery",
    "FileSource",
    "Source",
    "discover",
]

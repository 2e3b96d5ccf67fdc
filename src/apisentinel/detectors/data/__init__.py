"""Sensitive data in responses: which classes, how many values, where."""

from apisentinel.detectors.data.classifier import DataClassifier, class_names, exposure

__all__ = ["DataClassifier", "class_names", "exposure"]

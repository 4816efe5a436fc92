"""Định Kỳ: a commune's recurring reporting duties, opened, chased, compiled, approved and sent."""

__version__ = "0.1.0"

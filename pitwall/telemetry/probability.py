"""Probabilities in a sentence."""

from __future__ import annotations


def chance(p: float) -> str:
    """``97 %``; what rests on a model is never all or nothing: ``> 99 %``, ``< 1 %``."""
    if p > 0.99:
        return "> 99 %"
    return "< 1 %" if p < 0.01 else f"{100 * p:.0f} %"

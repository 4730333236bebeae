"""Where the files that ship with the program are: themes, icons, fonts, tracks, the handbook."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from pitwall.telemetry.errors import Failure

FOLDER = "resources"


def resource_path(*parts: str) -> Path:
    """The path of a file or folder under `resources`, whichever way the program was started.

    Args:
        parts: the names below `resources`, for example `("tracks", "larkspur-hollow.csv")`.

    Raises:
        Failure: the file does not exist, so the installation is damaged.
    """
    path = resource_root().joinpath(*parts)
    if not path.exists():
        raise Failure(f"{path} is missing: this copy of Pitwall is incomplete, install it anew")
    return path


@cache
def resource_root() -> Path:
    """The `resources` folder of this copy: frozen, in a checkout or installed from a wheel.

    Raises:
        Failure: there is no such folder in any of the places where it may be.
    """
    candidates = [place / FOLDER for place in places()]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise Failure(
        f"no {FOLDER} folder in {candidates[-1].parent}: install this copy of Pitwall anew"
    )


def places() -> tuple[Path, ...]:
    """The folders that may hold `resources`, the likeliest first."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return (Path(str(frozen)),)
    package = Path(__file__).resolve().parent.parent
    # A wheel puts the folder into the package. In a checkout it lies beside it, and whatever else
    # is called `resources` in site-packages must not be mistaken for it.
    beside = package.parent
    return (package, beside) if (beside / "pyproject.toml").is_file() else (package,)

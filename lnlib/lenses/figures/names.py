"""What a reader calls each lens, its unit, and the inks of what a lens is compared with."""

from __future__ import annotations

from lnlib.lenses.reading.matrices import (
    DEPARTURES,
    FISHER,
    INFLUENTIAL,
    MOVED,
    STATES_ALIKE,
    TICKETS,
    ZERO_SHOT,
)
from lnlib.lenses.reading.profiles import REINITIALISED

TITLES = {  # in two lines
    TICKETS: "tickets'\noverlap",
    DEPARTURES: "tickets'\ndepartures",
    MOVED: "moved\nmasks",
    FISHER: "Fisher\noverlap",
    STATES_ALIKE: "states\n(CKA)",
    INFLUENTIAL: "influence",
    ZERO_SHOT: "zero-shot\ntransfer",
    REINITIALISED: "layers re-\ninitialised",
}
UNITS = {
    TICKETS: "%", DEPARTURES: "points", MOVED: "points of F1", FISHER: "%", STATES_ALIKE: "",
    INFLUENTIAL: "cosine", ZERO_SHOT: "% of own", REINITIALISED: "points of F1",
}  # fmt: skip
NULL, INK = "#888888", "#333333"


def in_one_line(lens: str) -> str:
    """A lens's title without the break."""
    return TITLES[lens].replace("re-\n", "re-").replace("\n", " ")

"""The verbs of paper 2 on the command line: `python -m lnlib choenni VERB`."""

from __future__ import annotations

from lnlib.base.command_line import Command

COMMANDS: tuple[Command, ...] = ()

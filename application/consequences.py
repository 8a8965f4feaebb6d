"""What else becomes true when a command is settled: intent → the rule, stored in the same unit."""

from collections.abc import Mapping

from application.commands import Consequence
from domain.commands.intent import Intent

CONSEQUENCES: Mapping[type[Intent], Consequence] = {}
"""Intents whose end changes other books."""

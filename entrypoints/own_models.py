"""Read models out of a file that somebody wrote: the file is run, with all that whoever calls may do."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from domain.catalogue import FACTS
from projections.own_models import OwnModelRefused, check
from projections.read_model import ReadModel

MODULE = "zeus_own_read_model"


def models_in(path: Path) -> list[ReadModel]:
    """One of each class that the file defines. Raises OwnModelRefused, and whatever the file itself raises."""
    module = _run(path)
    classes = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and ReadModel in thing.__mro__ and thing.__module__ == MODULE
    ]
    if not classes:
        raise OwnModelRefused(f"{path} defines no class that inherits from projections.read_model.ReadModel.")
    models = [kind() for kind in classes]
    for model in models:
        check(model, (fact.TOPIC for fact in FACTS))
    if len({model.name for model in models}) < len(models):
        raise OwnModelRefused(f"two read models of {path} have the same name.")
    return models


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise OwnModelRefused(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # where structs and dataclasses of the file look for their own types
    spec.loader.exec_module(module)
    return module

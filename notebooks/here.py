"""Imported first in each notebook: work from the project's folder, whatever the notebook was started from.

A notebook looks for modules where it works ("" in sys.path), so it finds the project's, too.
"""

import os
from importlib import import_module
from pathlib import Path

os.chdir(Path(__file__).resolve().parent.parent)
import_module("trainer")  # before torch: see there

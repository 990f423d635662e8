"""Imported first in each notebook: work from the project's folder, whatever the notebook was started from.

A notebook looks for modules where it works ("" in sys.path), so it finds the project's, too. Progress bars
stay away, as a notebook keeps each of their steps, and drawings get letters for Chinese where there are any.
"""

import os
from importlib import import_module
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"  # before tqdm is imported, which reads it then
os.chdir(Path(__file__).resolve().parent.parent)
import_module("trainer")  # before torch: see there
import_module("matplotlib").rcParams["font.family"] = import_module("scoring.heatmap").fonts()

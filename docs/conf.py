"""Sphinx's settings for the documents; nothing here asks the network."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

project = "Robust Matte"
project_copyright = "the Robust Matte authors, GPL-3.0-or-later"
_SOURCE = (ROOT / "plugin" / "robust_matte" / "__init__.py").read_text("utf-8")
release = re.findall(r'^__version__ = "(.+)"', _SOURCE, re.MULTILINE)[0]

extensions = ["myst_parser"]
myst_heading_anchors = 3  # links to headings are spelt as on GitHub: [cuts](key.md#cuts)
nitpicky = True

html_theme = "furo"
html_title = f"Robust Matte {release}"
html_copy_source = False
html_show_sphinx = False

"""What every test shares."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("shared machine", deadline=None)  # its seconds say nothing about the code
settings.load_profile("shared machine")

os.environ["VIDSTYLE_CONFIG"] = os.devnull  # whoever runs the tests may have a vidstyle.toml

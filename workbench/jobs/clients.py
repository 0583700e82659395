"""Who asks for work: the owner of a home, or a visitor of the page that it publishes."""

from __future__ import annotations

import re

OWNER = "owner"
VISITOR = re.compile("[0-9a-f]{32}")  # id of a visitor of a published page: random, 128 bits

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides show of the collection's output: made by running it, written into the guides by ``python -m captures``.

The text stands in the guides themselves, behind a comment ``.. captured: NAME``, since only ``.rst`` files reach a
documentation site; so a guide reads the same wherever it is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from captures.failures import failures
from captures.plays import plays
from captures.walk import walk
from lab.versions import newest
from suite.paths import ROOT

GUIDES = ROOT / "docs" / "docsite" / "rst"
WALKED = "guide"
"""The guide that is followed word by word, on the newest HAProxy."""
FAILS = ("getting started, a failure, first 1 lines",)
"""What its commands show that fail."""
_OF_THE_MOMENT = (
    (r"\b(\d+\.\d+)\.\d+(-[\w.+]+)?", r"\1"),  # what Debian has today of each version
    (r"@!\d+", "@!PID"),
    (r"\b\d+ (s|min|h|d)\b", "N s"),
    (r"\n[ ]{10,}", " "),  # where a text goes on depends on how long a path was that another one replaced
    (r"[ ]+", " "),  # columns are as wide as these
)


def made() -> dict[str, Mapping[str, str]]:
    """Guide → the name of each capture → what it shows."""
    walked = walk((GUIDES / f"{WALKED}.rst").read_text(encoding="utf-8"), newest(), fails=FAILS)
    ran = plays()
    return {
        WALKED: walked,
        "plans": {"check and diff": ran["check and diff"]},
        "rolling": {"status of a fleet": ran["status of a fleet"]},
        "troubleshooting": failures(),
    }


def comparable(text: str) -> str:
    """A capture without what may be different tomorrow."""
    for pattern, instead in _OF_THE_MOMENT:
        text = re.sub(pattern, instead, text)
    return text

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link check of ``./dev docs``."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.links import broken


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("#here", False),
        ("#nowhere", True),
        ("sub/other.html", False),
        ("sub/other.html#there%C3%A9", False),
        ("sub/other.html#here", True),
        ("sub/missing.html", True),
        ("style.css?v=1", False),
        ("missing.css", True),
        ("https://example.com/missing.html#nowhere", False),
        ("//example.com/missing", False),
        ("mailto:somebody@example.com", False),
        ("#", False),
    ],
)
def test_a_link_leads_to_a_file_and_a_place(tmp_path: Path, link: str, is_broken: bool) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.html").write_text(
        '<p id="thereé"><a href="../index.html#here">back</a>', encoding="utf-8"
    )
    (tmp_path / "style.css").write_text("")
    (tmp_path / "index.html").write_text(f'<h1 id="here"><a href="{link}">link</a></h1>', encoding="utf-8")
    assert broken(tmp_path) == ([f"index.html: {link}"] if is_broken else [])

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's documentation as HTML, made without a network."""

from __future__ import annotations

import shutil
import sys

from suite.environment import add
from suite.log import Log
from suite.paths import CACHE, ROOT, VENV

_DOCS = CACHE / "docs"


def docs() -> int:
    """Build below .cache/docs; prints where, or the whole log of a failure; returns the exit code."""
    add(VENV, "requirements-docs.txt")
    shutil.rmtree(_DOCS, ignore_errors=True)
    _DOCS.mkdir(mode=0o700)  # antsibull-docs takes no folder in which others can write
    log = Log("docs")
    theme = ["--sphinx-theme", "sphinx_ansible_theme"]
    # lenient: two links lead to sites that intersphinx would have to ask
    layout = ["--use-current", "--squash-hierarchy", "--lenient", "--dest-dir", str(_DOCS)]
    init = ["antsibull-docs", "sphinx-init", *layout, *theme, "haproxyadmin.haproxy"]
    code = log.run(init).code
    if not code:
        with (_DOCS / "conf.py").open("a") as conf:
            conf.write("\nintersphinx_mapping = {}  # links to other sites need a network\n")
        code = log.run(["bash", "build.sh"], cwd=_DOCS).code
    if code:
        print(log.path.read_text(), file=sys.stderr)
        return 1
    print((_DOCS / "build" / "html" / "index.html").relative_to(ROOT))
    return 0

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's documentation as HTML, made without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence

from suite.diagrams import DIAGRAMS, draw
from suite.environment import InstallError, add
from suite.links import broken
from suite.log import Log
from suite.paths import CACHE, ROOT, VENV
from suite.results import Row

AREA = "docs"
REQUIREMENTS = "requirements-docs.txt"
NAME = "haproxyadmin.haproxy"
CAPTURES = "--captures"
_DOCS = CACHE / "docs"
_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
# Places of Ansible's own documentation that pages lead to: label → where it is there. Sphinx would ask that site.
_PLACES: Mapping[str, str] = {
    "ansible_collections.ansible.builtin.copy_module": "collections/ansible/builtin/copy_module.html",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
_HTML = _DOCS / "build" / "html"
_INVENTORY = _DOCS / "ansible.inv"
_STYLE = ROOT / "docs" / "docsite" / "site.css"
_STATIC = _DOCS / "static"
# Only plugins that are no modules can have some.
_EMPTY = "environment_variables.rst"
_CONF = f"""
intersphinx_mapping = {{"ansible": ({_ANSIBLE!r}, {str(_INVENTORY)!r})}}
html_show_copyright = False
html_theme_options = {{"topbar_links": {{}}}}
html_static_path = [{str(_STATIC)!r}]
html_css_files = [{_STYLE.name!r}]

def setup(app):
    # the theme's bar leads to the first page of a web server
    def home(_app, _page, _template, context, _doctree):
        context["theme_documentation_home_url"] = context["pathto"]("index")

    app.connect("html-page-context", home)
"""


def docs(words: Sequence[str] = ()) -> int:
    """Build below .cache/docs; prints where, or the whole log of a failure; returns the exit code.

    :param words: ``--captures`` makes anew, beforehand, what the guides show of the collection's output.
    """
    if any(word != CAPTURES for word in words):
        print(f"dev: docs takes {CAPTURES} or nothing", file=sys.stderr)
        return 2
    add(VENV, REQUIREMENTS)
    draw()
    if CAPTURES in words:
        places = os.pathsep.join([str(ROOT / "tests"), str(CACHE)])
        made = subprocess.run([sys.executable, "-m", "captures"], env={**os.environ, "PYTHONPATH": places}, check=False)
        if made.returncode:
            return made.returncode
    log = Log(AREA)
    if _problems(log):
        print(log.path.read_text(), file=sys.stderr)
        return 1
    print((_HTML / "index.html").relative_to(ROOT))
    return 0


def site(log: Log) -> list[Row]:
    """The area: the site builds without a warning, and each link leads to a place."""
    try:
        add(VENV, REQUIREMENTS)
    except InstallError as error:
        return [Row(AREA, missing=(f"Sphinx ({error})",))]
    problems = _problems(log)
    return [Row(AREA, passed=int(not problems), failed=len(problems), problems=tuple(problems))]


def _problems(log: Log) -> list[str]:
    """Build the site, and look at its links."""
    shutil.rmtree(_DOCS, ignore_errors=True)
    _DOCS.mkdir(mode=0o700)  # antsibull-docs takes no folder in which others can write
    titles = ["--project", NAME, "--title", f"{NAME} documentation", "--html-short-title", NAME]
    theme = ["--sphinx-theme", "sphinx_ansible_theme", "--copyright", f"{NAME} contributors"]
    # lenient: links to other sites, of which only those in _PLACES are known
    layout = ["--use-current", "--squash-hierarchy"]
    init = ["antsibull-docs", "sphinx-init", *layout, "--lenient", "--dest-dir", str(_DOCS), *titles, *theme, NAME]
    # what the build.sh that it makes does, with the diagrams between and without a warning
    config = ["--config-file", "antsibull-docs.cfg"]
    pages = ["antsibull-docs", *config, "collection", "--cleanup", "everything", *layout, "--dest-dir", "rst", NAME]
    html = ["sphinx-build", "-M", "html", "rst", "build", "-c", ".", "--nitpicky", "--fail-on-warning"]
    if log.run(init).code:
        return ["antsibull-docs cannot begin"]
    with (_DOCS / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(_CONF)
    _INVENTORY.write_bytes(inventory(_PLACES))
    _STATIC.mkdir()
    shutil.copy(_STYLE, _STATIC)
    (_DOCS / "rst").chmod(0o700)
    if log.run(pages, cwd=_DOCS).code:
        return ["antsibull-docs cannot make the pages"]
    (_DOCS / "rst" / _EMPTY).unlink()
    shutil.copytree(DIAGRAMS, _DOCS / "rst" / "docsite" / DIAGRAMS.name)
    if log.run(html, cwd=_DOCS).code:
        return ["Sphinx has remarks"]
    problems = [f"leads nowhere: {link}" for link in broken(_HTML)]
    for problem in problems:
        log.write(problem)
    return problems


def inventory(places: Mapping[str, str]) -> bytes:
    """These labels in the form in which Sphinx sites tell each other theirs."""
    lines = "".join(f"{label} std:label -1 {place} {label}\n" for label, place in places.items())
    head = ("Sphinx inventory version 2", "Project: Ansible", "Version: latest", "The rest is compressed using zlib.")
    return "".join(f"# {line}\n" for line in head).encode() + zlib.compress(lines.encode())

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be published: built, looked at as Galaxy does, and installed."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from suite.environment import InstallError, made
from suite.log import Log
from suite.paths import CACHE
from suite.results import Row, failure
from suite.stage import staged

AREA = "artefact"
# What the importer says at the end of a file that Galaxy would take, and what it would tell the uploader.
_DONE = "Importer processing completed successfully"
_REMARK = re.compile(r"^(?:WARNING|ERROR|CRITICAL):? .*$", re.MULTILINE)


class ArtefactError(Exception):
    """It could not be built or installed; the log tells why."""


def artefact(log: Log) -> list[Row]:
    """Build it and let Galaxy's importer look at it; each remark is a failure."""
    try:
        python = made(CACHE / "importer", Path(sys.executable), "requirements-importer.txt")
        file = built(log, CACHE / AREA)
    except InstallError as error:
        return [Row(AREA, missing=(f"galaxy-importer ({error})",))]
    except ArtefactError as error:
        return [failure(AREA, str(error))]
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    done = log.run([python, "-m", "galaxy_importer.main", file], env={"PATH": path}, cwd=file.parent)
    return [importer_row(done.output, done.code)]


def importer_row(output: str, code: int) -> Row:
    """The importer's verdict; what it only loads is no test."""
    problems = _REMARK.findall(output)
    if code or _DONE not in output:
        problems.append("the importer refuses it")
    return Row(AREA, passed=int(not problems), failed=len(problems), problems=tuple(problems))


def built(log: Log, folder: Path) -> Path:
    """The file that ansible-galaxy builds of what git tracks or would track, in a folder that is made anew.

    Raises ArtefactError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    source = staged(folder / "source")
    if log.run(["ansible-galaxy", "collection", "build", "--output-path", folder], cwd=source).code:
        raise ArtefactError("ansible-galaxy cannot build it")
    (file,) = folder.glob("*.tar.gz")
    return file


def installed(log: Log, folder: Path) -> Path:
    """A path of collections with nothing but what was built, in a folder that is made anew. Raises ArtefactError."""
    file, path = built(log, folder), folder / "installed"
    install = ["ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(path), str(file)]
    if log.run(install, env={"ANSIBLE_COLLECTIONS_PATH": str(path)}).code:  # else this checkout is enough for it
        raise ArtefactError("ansible-galaxy cannot install what it built")
    return path

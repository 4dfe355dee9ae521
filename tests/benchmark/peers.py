# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that anybody could do over a stats socket: load a map, read one, read statistics. Nothing is checked."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator
from pathlib import Path

CHUNK = 14_900
"""Bytes of a payload: 15,000 with its command, which every version takes."""


def pieces(data: bytes, size: int = CHUNK) -> Iterator[bytes]:
    """Whole lines, at most `size` bytes at a time, their ends included."""
    begin = 0
    while begin < len(data):
        end = data.rindex(b"\n", begin, begin + size) + 1
        yield data[begin:end]
        begin = end


def load(address: str, name: str, data: bytes) -> None:
    """Add these lines to a map: payloads, each on a connection of its own, as HAProxy ends one after a line."""
    for piece in pieces(data):
        reply = said(address, f"add map {name} <<\n".encode() + piece + b"\n")
        if reply.strip(b"\n"):
            raise RuntimeError(reply.decode())


def load_file(address: str, name: str, file: str) -> None:
    """The same of a file's lines."""
    load(address, name, Path(file).read_bytes())


def read(address: str, name: str) -> dict[bytes, bytes]:
    """Key → value of a map."""
    found = {}
    for line in said(address, f"show map {name}\n".encode()).split(b"\n"):
        _pointer, _blank, entry = line.partition(b" ")
        key, _blank, value = entry.partition(b" ")
        found[key] = value
    del found[b""]
    return found


def statistics(address: str) -> list[dict[str, str]]:
    """All rows of the table of statistics."""
    text = said(address, b"show stat\n").decode()
    return list(csv.DictReader(text.removeprefix("# ").rstrip("\n").split("\n")))


def said(address: str, request: bytes) -> bytes:
    """The whole reply to a request."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60.0)
        connection.connect(address)
        connection.sendall(request)
        received = []
        while data := connection.recv(256 * 1024):
            received.append(data)
    return b"".join(received)

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of a server's dynamic cookie: XXH64 (https://xxhash.com, seed 0) of the backend's key, the bytes of the
server's address and its port as four bytes, as ``srv_set_dyncookie()`` of HAProxy computes it."""

from __future__ import annotations

from ipaddress import ip_address

_MASK = 2**64 - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def dynamic_cookie(key: bytes, address: str, port: int) -> str:
    """What ``show stat`` has in the column ``cookie``.

    :raises ValueError: for what is no IP address.
    """
    return f"{xxh64(key + ip_address(address).packed + port.to_bytes(4, 'big')):016x}"


def xxh64(data: bytes) -> int:
    """The hash, with seed 0."""
    place = 0
    if len(data) >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while place <= len(data) - 32:
            for number in range(4):
                lanes[number] = _round(lanes[number], _word(data, place + 8 * number, 8))
            place += 32
        found = sum(_turned(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & _MASK
        for lane in lanes:
            found = ((found ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        found = _P5
    found = (found + len(data)) & _MASK
    while place <= len(data) - 8:
        found = (_turned(found ^ _round(0, _word(data, place, 8)), 27) * _P1 + _P4) & _MASK
        place += 8
    if place <= len(data) - 4:
        found = (_turned(found ^ (_word(data, place, 4) * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        place += 4
    for byte in data[place:]:
        found = _turned(found ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    for shift, prime in ((33, _P2), (29, _P3)):
        found = (found ^ (found >> shift)) * prime & _MASK
    return found ^ (found >> 32)


def _round(lane: int, word: int) -> int:
    return _turned((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def _turned(number: int, by: int) -> int:
    return ((number << by) | (number >> (64 - by))) & _MASK


def _word(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")

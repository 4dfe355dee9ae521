# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hosts are: what namespaces and loopback both offer, so that nobody else asks which it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class Place(Protocol):
    """Hosts that run. All errors are LabErrors."""

    kind: str
    """``namespaces`` or ``loopback``."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Host → address."""

    @property
    def client(self) -> Path:
        """The directory of what is not any host's."""

    @property
    def network(self) -> str | None:
        """The network namespace that is the hosts' alone; None for loopback, and after the release."""

    def state(self) -> dict[str, Any]:
        """What another process needs to know to use this place, beside its directory and the addresses."""

    def path(self, host: str, path: str) -> str:
        """How the host's processes name a file of the host, such as /run/haproxy."""

    def outside(self, host: str, path: str) -> Path:
        """The same file for processes of this machine; only for the directories that the host has for itself."""

    def inside(self, command: Sequence[str], host: str | None = None) -> list[str]:
        """The command that runs `command` in the network of the hosts, or on one of them."""

    def start(self, host: str | None, command: Sequence[str], log: Path) -> int:
        """Start a command on a host, or beside the hosts, that lives no longer than it; its pid there."""

    def processes(self, host: str) -> dict[int, int]:
        """The pid of each of the host's processes, as the host counts, and as this machine does."""

    def is_running(self, host: str, pid: int) -> bool:
        """Whether a process that was started on the host runs."""

    def crash(self, host: str) -> None:
        """End a host at once, as a power cut does."""

    def release(self) -> None:
        """Let go of what keeps the network from ending. To be called at the end, also again."""

    def connection(self) -> dict[str, Any]:
        """The inventory's variables for how all hosts are reached."""

    def variables(self, host: str) -> dict[str, Any]:
        """The inventory's variables of one host, beside those of the plan."""


def environment(addresses: Mapping[str, str], host: str | None) -> dict[str, str]:
    """The variables by which configurations and commands know the hosts.

    HOST_app1=10.217.0.12 for each, with an underscore for a hyphen; HOST is the address of the host itself.
    """
    own = {} if host is None else {"HOST": addresses[host]}
    return {**own, **{f"HOST_{name.replace('-', '_')}": address for name, address in addresses.items()}}

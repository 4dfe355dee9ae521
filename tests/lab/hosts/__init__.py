# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts: each with an address, a name, an sshd, a /run and an /etc of its own, reached by Ansible over SSH.

    plan = Plan({"lb1": Host(groups=("haproxy",), balancer=Balancer("3.0", body)), "app1": Host(groups=("app",))})
    with Hosts(plan) as hosts:
        subprocess.run(["ansible", "-i", hosts.inventory, "all", "-m", "ping"])

Hosts are network namespaces; where these are not allowed they are this machine several times, see ``Hosts.kind``.
``python -m lab.hosts`` makes and unmakes them from a shell.
"""

from .hosts import Hosts
from .plan import Balancer, Host, Plan

__all__ = ["Balancer", "Host", "Hosts", "Plan"]

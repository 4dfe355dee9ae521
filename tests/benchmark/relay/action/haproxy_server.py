# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""haproxy_server on the controller. Ansible finds it by ANSIBLE_ACTION_PLUGINS, and its own imports by PYTHONPATH=tests."""

from __future__ import annotations

from ansible_collections.haproxyadmin.haproxy.plugins.modules import haproxy_server

from benchmark.relay.acting import Relayed
from benchmark.relay.foreseen import of_servers


class ActionModule(Relayed):
    """The task `haproxy_server` without a collection's name; with it, it is the module."""

    name = "haproxy_server"
    main = haproxy_server.main
    foreseen = of_servers

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling deploys on real hosts, under load and under witness: what the molecule scenarios and the benchmark share.

``python -m scenario`` is what the playbooks below extensions/molecule call.
"""

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a rolling deploy of four live web servers behind a four-process HAProxy, by one playbook.

``python -m demo`` runs it and prints what the load generator saw; ``python -m demo --test`` also leaves the drain out, and
expects to see requests lost.
"""

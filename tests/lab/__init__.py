# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: real HAProxy processes of five versions, for tests, the demo and benchmarks.

Bring the binaries with ``python -m lab prepare``; start processes with the functions of ``lab.fleet``.
"""

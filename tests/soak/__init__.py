# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of every module, one after the other for minutes, on a balancer under load: what fails, what stays, what grows.

PYTHONPATH=tests python -m soak --seconds 600 --version 3.4
"""

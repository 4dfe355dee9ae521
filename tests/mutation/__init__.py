# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks the core on purpose, one small change at a time, and tells which changes no unit test notices.

mutmut (3.8) refuses a package that is imported through a link, and leaves tables alone; cosmic-ray (8.7) runs all tests
for each change. Here a change is made in memory, and only tests that execute it are run.
"""

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the documentation: found by walking the files, and claimed by the test that runs it."""

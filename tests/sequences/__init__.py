# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prophecy over random sequences of tasks of all modules."""

import pytest

# The laws of the modules are theirs; what fails in them is to be told as in a test.
pytest.register_assert_rewrite("integration", "lab.prophecy")

# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands behind ./dev: the environments, the areas of the tests and their summary."""

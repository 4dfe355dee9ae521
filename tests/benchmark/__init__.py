# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the work on maps costs, beside the least that anybody could do (./dev bench)."""

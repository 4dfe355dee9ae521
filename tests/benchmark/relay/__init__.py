# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An experiment, not shipped: the core on the controller, and on the target nothing but exchanges with sockets."""

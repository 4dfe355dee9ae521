#!/bin/sh
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The first process of a host: gives it its name, its own directories, its network and its sshd, then reaps.
# Says "here" when its namespaces are made and goes on when a line comes in; says "ready" at the end.
# From the environment: BASE (of the host's own directories), ADDRESS, GATEWAY, SSHD, PRIVILEGED (empty for a user).
set -eu

echo here
read -r _go
exec </dev/null

hostname "$1"
mount -t proc proc /proc
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
mount --bind /dev/pts/ptmx /dev/ptmx

# The machine's own /etc and /var/lib move to where the links in the host's own ones point to.
mount --bind "$BASE/run" /run
for real in etc var/lib; do
    mount --rbind "/$real" "/run/lab/$real"
    [ -z "$PRIVILEGED" ] || mount -o remount,bind,ro "/run/lab/$real"
done
for own in etc var/lib var/log srv; do
    [ ! -d "/$own" ] || mount --bind "$BASE/$own" "/$own"
done

ip -batch - <<END
link set lo up
addr add $ADDRESS dev eth0
link set eth0 up
route add default via $GATEWAY
END

"$SSHD" -f /etc/ssh/sshd_config -E /var/log/sshd.log
echo ready
exec >/dev/null

# A shell that waits for its child also reaps the processes that were left to it.
while :; do
    sleep 86400 &
    wait
done

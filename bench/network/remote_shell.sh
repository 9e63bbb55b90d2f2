#!/bin/sh
# The remote shell of these benches, for `muster launch --ssh`: an address of hosts.sh, and one text for its shell.
# With HOSTS_PINNED=yes host I has core I of this machine (modulo their number), as a machine of its own would.
host=$((${1##*.} - 1))
shift
pin=
[ "${HOSTS_PINNED:-}" = yes ] && pin="taskset -c $((host % $(nproc --all)))"
exec ip netns exec "${HOSTS_NAME:-muster-net}-$host" $pin sh -c "$*"

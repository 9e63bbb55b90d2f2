#!/bin/sh
# The remote shell of these benches, for `muster launch --ssh`: an address of hosts.sh, and one text for its shell.
host=$1
shift
exec ip netns exec "${HOSTS_NAME:-muster-net}-$((${host##*.} - 1))" sh -c "$*"

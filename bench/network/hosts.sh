#!/usr/bin/env bash
# Hosts on this machine: K network namespaces, each with one cable (veth) to a switch (a bridge in a namespace of its
# own), both ends of which let through RATE and no more (token buckets). Needs root, ip and tc.
#   bench/network/hosts.sh up K RATE        RATE as tc writes it: 100mbit, 1gbit, 10gbit
#   bench/network/hosts.sh down             takes down what stands
#   bench/network/hosts.sh with K RATE COMMAND ...      up, COMMAND, down; also when it fails or is interrupted
# Host I is namespace NAME-I, address 10.99.0.(I + 1), interface eth0, for I from 0; NAME is $HOSTS_NAME or muster-net.
# The switch and the cables add no latency to speak of (netem would).
set -euo pipefail
name=${HOSTS_NAME:-muster-net}
usage() {
  sed -n 's/^#   //p' "$0" >&2
  exit 2
}

down() {
  local space
  for space in $(ip netns list | awk -v name="$name" '$1 ~ "^" name "-([0-9]+|switch)$" {print $1}'); do
    ip netns del "$space"
  done
}

# A bucket holds what may leave at once: a few milliseconds' worth at least, or the processor cannot keep up.
limit() {  # limit NAMESPACE INTERFACE RATE
  local burst=256kb
  case $3 in *[0-9]mbit) burst=64kb ;; [0-9][0-9]*gbit) burst=1mb ;; esac
  ip netns exec "$1" tc qdisc add dev "$2" root tbf rate "$3" burst $burst latency 100ms
}

up() {  # up K RATE
  local hosts=$1 rate=$2 switch=$name-switch host space
  [[ $hosts =~ ^[0-9]+$ ]] && ((hosts >= 1 && hosts <= 250)) || usage
  [[ $rate =~ ^[0-9]+[kmg]bit$ ]] || usage
  down
  trap down ERR INT TERM
  ip netns add "$switch"
  ip -n "$switch" link add br0 type bridge
  ip -n "$switch" link set br0 up
  for ((host = 0; host < hosts; ++host)); do
    space=$name-$host
    ip netns add "$space"
    ip link add eth0 netns "$space" type veth peer name "port$host" netns "$switch"
    ip -n "$switch" link set "port$host" master br0 up
    ip -n "$space" addr add "10.99.0.$((host + 1))/24" dev eth0
    ip -n "$space" link set lo up
    ip -n "$space" link set eth0 up
    limit "$space" eth0 "$rate"
    limit "$switch" "port$host" "$rate"
  done
  trap - ERR INT TERM
}

case ${1:-} in
  up) [ $# = 3 ] || usage; up "$2" "$3" ;;
  down) [ $# = 1 ] || usage; down ;;
  with)
    [ $# -ge 4 ] || usage
    up "$2" "$3"
    shift 3
    trap down EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$@"
    ;;
  *) usage ;;
esac

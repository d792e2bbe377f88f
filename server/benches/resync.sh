#!/usr/bin/env bash
# How long a standby that has lost its disk takes to have everything again, over the pair's TLS link, and what the
# clients of the serving primary feel meanwhile. As root:
#     server/benches/resync.sh [BINDINGS] [EXCHANGES A SECOND MEANWHILE]
set -euo pipefail
cd "$(dirname "$0")/../.."
bindings=${1:-100000} rate=${2:-1000}
. server/benches/pair_hosts.sh
build
hosts_up
estate
start_leasehold_pair
load=("${at_client[@]}" "$bin/leasehold-load" run --server 172.16.0.1:67 --relay 172.16.0.10 --json)
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"
count=0 first_client=1
while [ "$count" -lt "$bindings" ]; do
  more=$("${load[@]}" --outstanding 256 --duration 5 --drop-after 5000 --first-client "$first_client" |
    sed -n 's/.*"completed":\([0-9]*\).*/\1/p')
  count=$((count + more)) first_client=$((first_client + 10000000))
done
say "$count bindings"
sleep 3
memory() { awk '/VmRSS|VmHWM/ { printf "%s %d MiB ", $1, $2 / 1024 }' "/proc/$1/status"; }
felt() {
  python3 - "$@" <<'P'
import json, sys
name, result = sys.argv[1], json.loads(sys.argv[2])
times = lambda which: "p50 {p50} p99 {p99} longest {max} us".format(**result[which])
print(f'{name:22} {result["completed"]} exchanges, {result["loss_percent"]:.2f} % lost, '
      f'OFFER {times("offer_us")}, ACK {times("ack_us")}')
P
}
say "primary before: $(memory "${pids[0]}")"
felt 'in step' "$("${load[@]}" --rate "$rate" --duration 6 --first-client 500000000)"
kill -KILL "${pids[1]}"
wait "${pids[1]}" 2>/dev/null || true
rm -rf "$work/data-1"
sleep 1
: >"$work/log-1"
"${load[@]}" --rate "$rate" --duration 6 --first-client 510000000 >"$work/meanwhile" &
running=$!
sleep 1
start_leasehold 1
wait_for "$work/log-1" 'pair-synced' 120
wait_for "$work/log-1" 'pair-state state=normal' 20
wait "$running"
felt 'while it comes back' "$(cat "$work/meanwhile")"
sed -n 's/.*pair-synced/standby: all records came:/p' "$work/log-1"
say "primary after: $(memory "${pids[0]}")"
say "standby after: $(memory "${pids[1]}")"
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"

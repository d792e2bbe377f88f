#!/usr/bin/env bash
# Exchanges a second of pairs, each answer durable on both servers where that is what the pair promises: a Leasehold
# pair over TLS and, where Kea is installed, a Kea pair in hot standby, with the same estate, driven by leasehold-load
# through one relay, in one run; and the CPU time of a single Leasehold server beside. As root:
#     server/benches/pair_throughput.sh [SECONDS A STEP]
#
# Each row is the highest rate that holds twice with at most 1 % lost, with the CPU time of all its servers. Then the
# single server and the pair at one and the same rates: the ratio of their CPU times is the price of the partner.
# Compare figures of one run only.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-3}
. server/benches/pair_hosts.sh
build
hosts_up
estate
first_client=1000000

# measure NAME RATE: one step at a rate; leaves the row in `row`, CPU in `cpu`, the loss in `lost`.
measure() {
  local name=$1 rate=$2 before after result
  before=$(cpu_ticks)
  result=$("${load[@]}" --rate "$rate" --first-client "$first_client" 2>>"$work/log")
  after=$(cpu_ticks)
  first_client=$((first_client + 2000000))
  row=$(python3 - "$name" "$rate" "$((after - before))" "$(getconf CLK_TCK)" "$result" <<'P'
import json, sys
name, rate, ticks, hertz, result = sys.argv[1:]
r = json.loads(result)
cpu = int(ticks) / int(hertz) * 1e6 / max(1, r["completed"])
print(f'{name:34} {rate:>10} {r["loss_percent"]:>7.2f}% {r["offer_us"]["p50"]:>6} us {r["ack_us"]["p50"]:>6} us '
      f'{r["ack_us"]["p99"]:>6} us {cpu:>12.1f} {r["duplicates"]:>6}')
P
  )
  cpu=$(awk '{ print $(NF - 1) }' <<<"$row")
  lost=$(sed -n 's/.*"loss_percent":\([0-9.]*\).*/\1/p' <<<"$result")
}

# base NAME RATE: the row at the rate, or at the highest below it that holds; leaves the rate in `best`. A pair that was
# overloaded may have parted, so it is begun anew each time: BEGIN is what does that.
base() {
  local name=$1
  best=$2
  while :; do
    stop_servers
    "${begin[@]}"
    measure "$name" "$best"
    awk "BEGIN { exit !($lost <= 1) }" && break
    best=$((best * 4 / 5))
  done
  say "$row"
}

# search RATE: the highest rate with at most 1 % lost; leaves it in `best`.
search() {
  best=$("${load[@]}" --rate "$1" --search --first-client "$first_client" 2>>"$work/log" | sed -n 's/.*"rate":\([0-9]*\).*/\1/p')
  first_client=$((first_client + 20000000))
  best=${best:-$1}
}

load=("${at_client[@]}" "$bin/leasehold-load" run --server 172.16.0.1:67 --relay 172.16.0.10 --duration "$seconds" --json)
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"
head=$(printf '%-34s %10s %8s %9s %9s %9s %12s %6s' server exchanges/s lost OFFER-p50 ACK-p50 ACK-p99 CPU-us/exch. dup.)
say "$head"

begin=(start_single "$work/single")
"${begin[@]}"
search 2000
base 'Leasehold, one server' "$best"
stop_servers

kea=
if have_kea; then
  begin=(start_kea_pair 1000 10000 10000 10)
  "${begin[@]}"
  search 250
  base 'Kea, a pair, CSV without sync' "$best"
  kea=$best
  stop_servers
else
  say 'Kea is not installed (Debian: kea-dhcp4-server): no row for it'
fi

begin=(start_leasehold_pair)
"${begin[@]}"
search 2000
base 'Leasehold, a pair over TLS' "$best"
pair=$best
stop_servers
[ -z "$kea" ] || say "Leasehold's pair is $(awk "BEGIN { printf \"%.1f\", $pair / $kea }") times Kea's"

say
say "the same rate for both"
say "$head"
rates=("$pair" $((pair / 2)) $((pair / 10)))
singles=()
start_single "$work/single-again"
for rate in "${rates[@]}"; do
  measure 'Leasehold, one server' "$rate"
  say "$row"
  singles+=("$cpu")
done
stop_servers
start_leasehold_pair
at=0
for rate in "${rates[@]}"; do
  measure 'Leasehold, a pair over TLS' "$rate"
  say "$row"
  say "  at $rate/s the pair's CPU is $(awk "BEGIN { printf \"%.2f\", $cpu / ${singles[at]} }") times the single server's"
  at=$((at + 1))
done
stop_servers
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"

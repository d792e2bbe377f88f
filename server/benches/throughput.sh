#!/usr/bin/env bash
# Exchanges a second, durable before ACK, of Leasehold, of Kea where it is installed, and of a reflector that does
# nothing, all driven by leasehold-load through one relay, in one run. As root (it makes two network namespaces and
# removes them): server/benches/throughput.sh [SECONDS A STEP]
#
# Each row is the highest rate with at most 1 % lost. Compare rows of one run only: the ratio is the figure.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-3}
[ "$(id -u)" = 0 ] || { echo "throughput.sh: network namespaces need root" >&2; exit 2; }
cargo build --release --bins
bin=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
work=$(mktemp -d)
unsynced=$(mktemp -d -p /dev/shm)
c=lhbc$$ s=lhbs$$
server=
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; server=; } || true; }
clean() {
  stop
  ip netns del "$c" 2>/dev/null || true
  ip netns del "$s" 2>/dev/null || true
  rm -rf "$work" "$unsynced"
}
trap clean EXIT
ip netns add "$c"
ip netns add "$s"
ip link add e0 netns "$c" type veth peer name e0 netns "$s"
for host in "$c:172.16.0.10" "$s:172.16.0.1"; do
  ip -n "${host%%:*}" link set lo up
  ip -n "${host%%:*}" addr add "${host##*:}/12" dev e0
  ip -n "${host%%:*}" link set e0 up
done

"$bin/leasehold-example-estate" --out "$work/estate" --kea "$work/kea.json" \
  --load-subnet 172.16.0.0/12 --load-pool '172.17.0.0 - 172.31.255.254' >"$work/log"
"$bin/leasehold" compile "$work/estate" -o "$work/estate.json" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

printf '%-34s %10s %8s %9s %9s %12s %6s\n' server exchanges/s lost ACK-p50 ACK-p99 CPU-us/exch. dup.
# row NAME COMMAND-TO-START READY-TEXT PORT [LOAD ARGUMENTS]
row() {
  local name=$1 ready=$2 port=$3 rate=$4
  shift 4
  local more=()
  while [ "$1" != -- ]; do more+=("$1"); shift; done
  shift
  ip netns exec "$s" "$@" >"$work/server.log" 2>&1 &
  server=$!
  for _ in $(seq 200); do grep -q "$ready" "$work/server.log" && break; sleep 0.05; done
  grep -q "$ready" "$work/server.log" || { echo "$name did not start:"; cat "$work/server.log"; exit 1; }
  local load=(ip netns exec "$c" "$bin/leasehold-load" run --server "172.16.0.1:$port" --relay 172.16.0.10 --duration "$seconds" --json)
  local best
  best=$("${load[@]}" --rate "$rate" --search "${more[@]}" 2>>"$work/log" | sed -n 's/.*"rate":\([0-9]*\).*/\1/p')
  # Once more at that rate, with the server's own CPU time taken before and after.
  local before after result
  before=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
  result=$("${load[@]}" --rate "${best:-$rate}" --first-client 500000000 "${more[@]}")
  after=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
  python3 - "$name" "$best" "$((after - before))" "$(getconf CLK_TCK)" "$result" <<'P'
import json, sys
name, best, ticks, hertz, result = sys.argv[1:]
r = json.loads(result)
cpu = int(ticks) / int(hertz) * 1e6 / max(1, r["completed"])
print(f'{name:34} {best:>10} {r["loss_percent"]:>7.2f}% {r["ack_us"]["p50"]:>6} us {r["ack_us"]["p99"]:>6} us {cpu:>12.1f} {r["duplicates"]:>6}')
P
  stop
}

row 'reflector (no-op)' reflecting 67 4000 --reflector -- "$bin/leasehold-load" reflector --listen 172.16.0.1:67
if command -v kea-dhcp4 >/dev/null; then
  python3 - "$work" <<'P'
import json, sys
work = sys.argv[1]
config = json.load(open(f"{work}/kea.json"))
dhcp = config["Dhcp4"]
dhcp["interfaces-config"] = {"interfaces": ["e0"], "dhcp-socket-type": "udp"}
dhcp["lease-database"] = {"type": "memfile", "persist": True, "name": f"{work}/kea-leases.csv"}
dhcp["multi-threading"] = {"enable-multi-threading": True, "thread-pool-size": 2, "packet-queue-size": 792}
dhcp["loggers"] = [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stderr"}]},
                   {"name": "kea-dhcp4.dhcp4", "severity": "INFO", "output_options": [{"output": "stderr"}]}]
json.dump(config, open(f"{work}/kea.json", "w"))
P
  export KEA_LOCKFILE_DIR=$work KEA_PIDFILE_DIR=$work
  row 'Kea, CSV without sync' DHCP4_STARTED 67 500 -- kea-dhcp4 -c "$work/kea.json"
else
  echo 'Kea is not installed (Debian: kea-dhcp4-server): no row for it'
fi
row 'Leasehold, synced before ACK' 'serving estate' 67 2000 -- \
  "$bin/leasehold-server" run --config "$work/estate.json" --node primary --standalone --interface e0 --data-dir "$work/data"
row 'Leasehold, journal in memory' 'serving estate' 67 2000 -- \
  "$bin/leasehold-server" run --config "$work/estate.json" --node primary --standalone --interface e0 --data-dir "$unsynced/data"

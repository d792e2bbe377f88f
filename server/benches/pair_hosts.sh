# Three hosts on one machine and a pair of servers on two of them, for the benchmarks beside this file, which source it.
# As root. The client is 172.16.0.10 and .11, the primary 172.16.0.1, the standby 172.16.0.2; all of it goes with the
# shell. Sets bin, work, client, hosts, pids.

work=$(mktemp -d)
client=lhpc$$ bridge=lhpb$$
hosts=("lhp1$$" "lhp2$$")
addresses=(172.16.0.1 172.16.0.2)
names=(primary secondary)
pids=()

say() { printf '%s\n' "$*"; }

# build: release programs, unless LEASEHOLD_BIN names a folder that has them.
build() {
  bin=${LEASEHOLD_BIN:-}
  [ -z "$bin" ] || return 0
  cargo build --release --bins
  bin=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
}

stop_servers() {
  local pid
  for pid in "${pids[@]}"; do
    [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; } || true
  done
  pids=()
}

clean() {
  stop_servers
  local netns
  for netns in "$client" "${hosts[@]}" "$bridge"; do ip netns del "$netns" 2>/dev/null || true; done
  rm -rf "$work"
}

hosts_up() {
  local at netns
  for netns in "$bridge" "$client" "${hosts[@]}"; do
    ip netns add "$netns"
    ip -n "$netns" link set lo up
  done
  ip -n "$bridge" link add br0 type bridge
  ip -n "$bridge" link set br0 up
  at=0
  for netns in "$client" "${hosts[@]}"; do
    ip link add e0 netns "$netns" type veth peer name "v$at" netns "$bridge"
    ip -n "$netns" link set e0 up
    ip -n "$bridge" link set "v$at" master br0 up
    at=$((at + 1))
  done
  ip -n "$client" addr add 172.16.0.10/12 dev e0
  ip -n "$client" addr add 172.16.0.11/12 dev e0
  for at in 0 1; do ip -n "${hosts[at]}" addr add "${addresses[at]}/12" dev e0; done
}

# estate: the example estate with one large subnet to load, for Leasehold and for Kea, and the pair's certificates.
estate() {
  "$bin/leasehold-example-estate" --out "$work/estate" --kea "$work/kea.json" \
    --load-subnet 172.16.0.0/12 --load-pool '172.17.0.0 - 172.31.255.254' >"$work/log"
  "$bin/leasehold" compile "$work/estate" -o "$work/estate.json" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  "$bin/leasehold-server" certs "$work/certs" --node primary --node secondary >>"$work/log"
}

# wait_for FILE TEXT SECONDS: until a line with the text is there.
wait_for() {
  local left=$(($3 * 20))
  until grep -q -- "$2" "$1" 2>/dev/null; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { say "not in $1: $2"; tail -20 "$1"; exit 1; }
    sleep 0.05
  done
}

# start_single DIR: one Leasehold server without a partner, where the primary runs.
start_single() {
  "${at_primary[@]}" "$bin/leasehold-server" run --config "$work/estate.json" --node primary --standalone \
    --interface e0 --data-dir "$1" >"$work/log-0" 2>&1 &
  pids=($!)
  wait_for "$work/log-0" 'serving estate' 20
}

# start_leasehold WHICH [ARGUMENT...]: one server of the pair, linked by TLS.
start_leasehold() {
  local at=$1 name=${names[$1]} other=$((1 - $1))
  shift
  ip netns exec "${hosts[at]}" "$bin/leasehold-server" run --config "$work/estate.json" --node "$name" \
    --interface e0 --data-dir "$work/data-$at" --peer-listen "${addresses[at]}:8647" --peer "${addresses[other]}:8647" \
    --peer-ca "$work/certs/ca.pem" --peer-cert "$work/certs/$name.pem" --peer-key "$work/certs/$name.key" \
    "$@" >>"$work/log-$at" 2>&1 &
  pids[at]=$!
}

start_leasehold_pair() {
  rm -rf "$work"/data-[01] "$work"/log-[01]
  start_leasehold 0 --new-pair
  start_leasehold 1 --new-pair
  wait_for "$work/log-0" 'pair-state state=normal' 20
  wait_for "$work/log-1" 'pair-state state=normal' 20
}

have_kea() { command -v kea-dhcp4 >/dev/null; }

# kea_configuration HEARTBEAT MAX-RESPONSE MAX-ACK MAX-UNACKED (milliseconds, and clients): one file a server.
kea_configuration() {
  python3 - "$work" "$@" <<'P'
import glob, json, sys
work, *timers = sys.argv[1:]
heartbeat, response, ack, unacked = map(int, timers)
hooks = glob.glob("/usr/lib/*/kea/hooks/libdhcp_ha.so")[0].rsplit("/", 1)[0]
for at, name in enumerate(("primary", "standby")):
    config = json.load(open(f"{work}/kea.json"))
    dhcp = config["Dhcp4"]
    dhcp["interfaces-config"] = {"interfaces": ["e0"], "dhcp-socket-type": "udp"}
    dhcp["lease-database"] = {"type": "memfile", "persist": True, "name": f"{work}/kea-{at}/leases.csv"}
    dhcp["multi-threading"] = {"enable-multi-threading": True, "thread-pool-size": 2, "packet-queue-size": 792}
    dhcp["control-socket"] = {"socket-type": "unix", "socket-name": f"{work}/kea-{at}/socket"}
    peer = lambda name, address, role: {"name": name, "url": f"http://{address}:8000/", "role": role}
    dhcp["hooks-libraries"] = [
        {"library": f"{hooks}/libdhcp_lease_cmds.so"},
        {"library": f"{hooks}/libdhcp_ha.so", "parameters": {"high-availability": [{
            "this-server-name": name, "mode": "hot-standby",
            "heartbeat-delay": heartbeat, "max-response-delay": response,
            "max-ack-delay": ack, "max-unacked-clients": unacked,
            "multi-threading": {"enable-multi-threading": True, "http-dedicated-listener": True,
                                "http-listener-threads": 2, "http-client-threads": 2},
            "peers": [peer("primary", "172.16.0.1", "primary"), peer("standby", "172.16.0.2", "standby")]}]}}]
    out = [{"output": "stderr", "flush": True}]
    dhcp["loggers"] = [{"name": "kea-dhcp4", "severity": "WARN", "output_options": out},
                       {"name": "kea-dhcp4.dhcp4", "severity": "INFO", "output_options": out},
                       {"name": "kea-dhcp4.ha-hooks", "severity": "INFO", "output_options": out}]
    json.dump(config, open(f"{work}/kea-{at}.json", "w"))
P
}

# start_kea WHICH
start_kea() {
  mkdir -p "$work/kea-$1"
  KEA_LOCKFILE_DIR="$work/kea-$1" KEA_PIDFILE_DIR="$work/kea-$1" \
    ip netns exec "${hosts[$1]}" kea-dhcp4 -c "$work/kea-$1.json" >>"$work/log-$1" 2>&1 &
  pids[$1]=$!
}

# start_kea_pair HEARTBEAT MAX-RESPONSE MAX-ACK MAX-UNACKED
start_kea_pair() {
  rm -rf "$work"/kea-[01] "$work"/log-[01]
  kea_configuration "$@"
  start_kea 0
  start_kea 1
  wait_for "$work/log-0" 'to HOT-STANDBY' 120
  wait_for "$work/log-1" 'to HOT-STANDBY' 120
}

# cpu_ticks: what the servers have used so far, all of them together.
cpu_ticks() {
  local pid files=()
  for pid in "${pids[@]}"; do files+=("/proc/$pid/stat"); done
  awk '{ sum += $14 + $15 } END { print sum }' "${files[@]}"
}

[ "$(id -u)" = 0 ] || { echo "$0: network namespaces need root" >&2; rm -rf "$work"; exit 2; }
at_primary=(ip netns exec "${hosts[0]}")
at_client=(ip netns exec "$client")
trap clean EXIT

#!/usr/bin/env bash
# The failover test that was published for the reference deployment, repeated: perfdhcp in a loop at each server of a
# pair, the primary stopped and later started again. For a Leasehold pair and, where Kea is installed, for a Kea pair
# with the same estate, at the timers of the deployment and at the fastest that hold. As root:
#     server/benches/reference_test.sh [--warm SECONDS] [--down SECONDS] [--after SECONDS] [--only RUN[,RUN]]
#
# Runs: leasehold-stop, leasehold-kill, kea-default, kea-fast. The original left the primary off for 300 s (--down); its
# platform needed 351 s to stop it, which is not repeated. "Stops serving" is the last ACK of the primary, "starts" the
# first of the standby, as heard where the clients are; each time is since the event above it in the table.
#
# perfdhcp's clients always say that they have waited for 0 s, and Kea's standby takes over only when more than ten
# clients say that they have waited for longer than its max-ack-delay. The deployment had such clients. So a third loop
# plays some, at the standby (perfdhcp -Y -y); its exchanges are not counted, and its ACKs are.
set -euo pipefail
cd "$(dirname "$0")/../.."
warm=20 down=60 after=20 only=leasehold-stop,leasehold-kill,kea-default,kea-fast
while [ $# -gt 0 ]; do
  case $1 in
  --warm) warm=$2 ;;
  --down) down=$2 ;;
  --after) after=$2 ;;
  --only) only=$2 ;;
  *) echo "$0: what is $1?" >&2; exit 2 ;;
  esac
  shift 2
done
command -v perfdhcp >/dev/null || { echo "$0: perfdhcp is not installed (Debian: kea-admin)" >&2; exit 2; }
. server/benches/pair_hosts.sh
build
hosts_up
estate

cat >"$work/listen.py" <<'P'
# Writes the time, the server and the address of every ACK that comes to this host.
import socket, sys, time
heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
heard.bind(("e0", 0x0800))
out = open(sys.argv[1], "w", buffering=1)
while True:
    packet, where = heard.recvfrom(2048)
    if where[2] == socket.PACKET_OUTGOING or packet[9] != 17:
        continue
    bootp = packet[(packet[0] & 15) * 4 + 8:]
    if len(bootp) < 244 or bootp[0] != 2:
        continue
    options, at, kind = bootp[240:] + bytes(3), 0, None
    while at + 3 < len(options) and options[at] != 255 and kind is None:
        if options[at] == 53:
            kind = options[at + 2]
        at += 1 if options[at] == 0 else 2 + options[at + 1]
    if kind != 5:
        continue
    print(f"{time.time():.3f} {socket.inet_ntoa(packet[12:16])} {socket.inet_ntoa(bootp[16:20])} {bootp[28:34].hex()}", file=out)
P

cat >"$work/loop.sh" <<'L'
# loop.sh SERVER CLIENT LOG: the published command again and again.
while [ ! -e "$3.end" ]; do perfdhcp -4 -n 100 -r 10 -R 100 -d 3 -W 3 -l "$2" "$1" >>"$3" 2>&1 || true; done
L

loops=()
start_loops() {
  rm -f "$work"/loop-*
  : >"$work/acks"
  "${at_client[@]}" python3 "$work/listen.py" "$work/acks" &
  loops=($!)
  "${at_client[@]}" bash "$work/loop.sh" 172.16.0.1 172.16.0.10 "$work/loop-0" &
  loops+=($!)
  "${at_client[@]}" bash "$work/loop.sh" 172.16.0.2 172.16.0.11 "$work/loop-1" &
  loops+=($!)
  # Twenty clients that say how long they wait.
  "${at_client[@]}" perfdhcp -4 -r 2 -R 20 -p 3600 -d 3 -Y 1 -y 3600 -b mac=00:0c:02:00:00:01 -l 172.16.0.12 172.16.0.2 \
    >"$work/loop-waiting" 2>&1 &
  loops+=($!)
}

end_loops() {
  touch "$work/loop-0.end" "$work/loop-1.end"
  wait "${loops[1]}" "${loops[2]}" || true
  kill "${loops[0]}" "${loops[3]}" 2>/dev/null || true
  wait "${loops[0]}" "${loops[3]}" 2>/dev/null || true
}

now() { date +%s.%N; }

# acked_by ADDRESS SINCE SECONDS: waits until that server has acknowledged something since then.
acked_by() {
  local left=$(($3 * 10))
  until awk -v server="$1" -v since="$2" '$2 == server && $1 > since { found = 1; exit } END { exit !found }' "$work/acks"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.1
  done
}

# trial NAME SIGNAL START: loops, signal to the primary, `START 0` to start it again; appends to the results.
trial() {
  local name=$1 signal=$2 start=$3 begun off on
  say "$name: begins at $(date +%T), load of the machine $(cut -d' ' -f1 /proc/loadavg)" >&2
  start_loops
  begun=$(now)
  acked_by 172.16.0.1 "$begun" 30 || { say "$name: the primary does not serve"; exit 1; }
  sleep "$warm"
  off=$(now)
  kill "-$signal" "${pids[0]}"
  wait "${pids[0]}" 2>/dev/null || true
  acked_by 172.16.0.2 "$off" 300 || say "$name: the standby never served" >&2
  sleep "$down"
  on=$(now)
  "$start" 0
  acked_by 172.16.0.1 "$on" 300 || say "$name: the primary never served again" >&2
  sleep "$after"
  end_loops
  stop_servers
  python3 - "$name" "$begun" "$off" "$on" "$work" >>"$work/results" <<'P'
import json, re, sys
name, begun, off, on, work = sys.argv[1], *map(float, sys.argv[2:5]), sys.argv[5]
acks = [(float(at), server, address, mac) for at, server, address, mac in map(str.split, open(f"{work}/acks"))]
primary = [at for at, server, *_ in acks if server == "172.16.0.1"]
standby = [at for at, server, *_ in acks if server == "172.16.0.2"]
last = max((at for at in primary if at < on), default=None)
first = min((at for at in standby if at > off), default=None)
again = min((at for at in primary if at > on), default=None)
def gap(since, until):
    times = sorted(at for at, *_ in acks)
    return max((b - a for a, b in zip(times, times[1:]) if b > since and a < until), default=None)
def loop(which):
    text = open(f"{work}/loop-{which}").read()
    sent = sum(map(int, re.findall(r"sent packets: (\d+)", text)[0::2]))
    done = sum(map(int, re.findall(r"received packets: (\d+)", text)[1::2]))
    return sent, sent - done
holders, twice = {}, 0
for _, _, address, mac in acks:
    twice += holders.setdefault(address, mac) != mac
print(json.dumps({"name": name, "off": off, "last": last, "first": first, "on": on, "again": again,
                  "gap_before": gap(begun + 5, off - 1), "gap_down": gap(off - 1, on), "gap_return": gap(on, on + 300),
                  "loops": [loop(0), loop(1)], "twice": twice}))
P
}

ip -n "$client" addr add 172.16.0.12/12 dev e0
wanted() { [[ ",$only," = *",$1,"* ]]; }
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"
: >"$work/results"
start_again() { start_leasehold 0; }
if wanted leasehold-stop; then
  start_leasehold_pair
  trial 'Leasehold, stopped' TERM start_again
fi
if wanted leasehold-kill; then
  start_leasehold_pair
  trial 'Leasehold, kill -9' KILL start_again
fi
if have_kea; then
  # Kea writes no farewell: a platform's stop and a kill are the same to its partner.
  if wanted kea-default; then
    start_kea_pair 10000 60000 10000 10
    trial 'Kea, 10 s / 60 s' TERM start_kea
  fi
  if wanted kea-fast; then
    start_kea_pair 1000 2000 1000 0
    trial 'Kea, 1 s / 2 s' TERM start_kea
  fi
else
  say 'Kea is not installed (Debian: kea-dhcp4-server): no column for it'
fi

python3 - "$work/results" <<'P'
import json, sys, time
runs = [json.loads(line) for line in open(sys.argv[1])]
clock = lambda at: "never" if at is None else time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 10)}"
def since(at, before):
    if at is None or before is None:
        return ""
    seconds = at - before
    return f"{seconds:+.2f} s" if abs(seconds) < 100 else f"{int(seconds // 60)} m {seconds % 60:.0f} s"
rows = [("primary taken down", lambda r: (clock(r["off"]), ""), ("11:30:15", "")),
        ("primary stops serving", lambda r: (clock(r["last"]), since(r["last"], r["off"])), ("11:36:06", "5 m 51 s")),
        ("standby starts serving", lambda r: (clock(r["first"]), since(r["first"], r["last"])), ("11:36:57", "51 s")),
        ("primary re-enabled", lambda r: (clock(r["on"]), since(r["on"], r["first"])), ("11:41:57", "5 m 0 s")),
        ("primary serves again", lambda r: (clock(r["again"]), since(r["again"], r["on"])), ("11:44:07", "2 m 10 s"))]
names = ["as published"] + [r["name"] for r in runs]
print("| Event | " + " | ".join(names) + " |")
print("|---|" + "---|" * len(names))
for what, of, published in rows:
    cells = [published] + [of(r) for r in runs]
    print(f"| {what} | " + " | ".join(" ".join(filter(None, cell)) for cell in cells) + " |")
def line(what, published, of):
    print(f"| {what} | " + " | ".join([published] + [of(r) for r in runs]) + " |")
seconds = lambda value: "" if value is None else f"{value:.2f} s"
line("longest time without an ACK, before", "not said", lambda r: seconds(r["gap_before"]))
line("longest time without an ACK, outage", "51 s", lambda r: seconds(r["gap_down"]))
line("longest time without an ACK, return", "not said", lambda r: seconds(r["gap_return"]))
line("loop at the primary: lost of begun", "not said", lambda r: f'{r["loops"][0][1]} of {r["loops"][0][0]}')
line("loop at the standby: lost of begun", "not said", lambda r: f'{r["loops"][1][1]} of {r["loops"][1][0]}')
line("addresses acknowledged to two clients", "not said", lambda r: str(r["twice"]))
P
say "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"

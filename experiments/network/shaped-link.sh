#!/usr/bin/env bash
# Checks the emulated network (--network) against a real link of the same rate and delay between two network namespaces.
#
#   sudo experiments/network/shaped-link.sh [NETWORK...]        lan lan10 wan, or e.g. 200mbit,10ms; default: lan lan10 wan
#
# A delay of 0 leaves out the relay: then the link has the round trip of a pair of veth devices. Where the round trip of the link that was made
# is more than 5 % off the one that was asked for, the emulated network is given the link's; the table says so.
#
# Environment: HALFMASK (the program; default target/release/halfmask), CABLE (the relay; default target/release/examples/relay), RUNS (3),
# TOLERANCE (10, in per cent), RELAY=1 (use the relay although the kernel has netem), DATA (images in IDX format; default: the digits that
# come with the program), KEEP (a folder for the reports). Needs root, iproute2, Python 3, and sch_tbf; netem, or /dev/net/tun
# and the relay. Prints a table for each network; exits 1 if the model is off in one of them.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${HALFMASK:-$root/target/release/halfmask}
cable=${CABLE:-$root/target/release/examples/relay}
runs=${RUNS:-3}
tolerance=${TOLERANCE:-10}
data=${DATA:-$root/experiments/digits/t10k-images-idx3-ubyte.gz}
a=hm-a-$$ b=hm-b-$$
address_a=10.203.7.1 address_b=10.203.7.2
work=$(mktemp -d)
relay=

say() { echo "shaped-link: $*" >&2; }
fail() { say "$*"; exit 2; }

unlink_both() {
    if [ -n "$relay" ]; then
        kill "$relay" 2>/dev/null || true
        wait "$relay" 2>/dev/null || true
        relay=
    fi
    local namespace
    for namespace in "$a" "$b"; do
        ip netns pids "$namespace" 2>/dev/null | xargs -r kill 2>/dev/null || true
        ip netns del "$namespace" 2>/dev/null || true
    done
}
cleanup() { unlink_both; rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" = 0 ] || fail "network namespaces need root"
command -v tc >/dev/null && command -v ip >/dev/null || fail "iproute2 is missing"
[ -x "$program" ] || fail "$program: not there; build it with cargo build --release, or set HALFMASK"

# Whether the kernel can delay packets by itself.
has_netem() {
    [ -z "${RELAY:-}" ] || return 1
    ip netns add "$a"
    local outcome=0
    ip netns exec "$a" tc qdisc add dev lo root netem delay 1ms 2>/dev/null || outcome=1
    ip netns del "$a"
    return "$outcome"
}

# Bits a second, microseconds of round trip.
figures() {
    python3 - "$1" <<'PYTHON'
import re, sys
text = {"lan": "1gbit,0.2ms", "lan10": "10gbit,0.165ms", "wan": "100mbit,40ms"}.get(sys.argv[1], sys.argv[1])
match = re.fullmatch(r"([\d.]+)([kmg])bit,([\d.]+)(us|ms|s)", text)
if not match:
    sys.exit(f"shaped-link: {text}: expected lan, lan10, wan, or a form such as 100mbit,40ms")
rate, prefix, delay, unit = match.groups()
bits = float(rate) * {"k": 1e3, "m": 1e6, "g": 1e9}[prefix]
print(round(bits), round(float(delay) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]))
PYTHON
}

# Joins the namespaces at a rate, with a delay each way in nanoseconds. The rate is the model's, Ethernet framing included, whatever the
# devices' own framing is.
link() {
    local bits=$1 one_way=$2 framing
    ip netns add "$a"
    ip netns add "$b"
    if [ "$netem" = 1 ] || [ "$one_way" = 0 ]; then
        ip link add hm0 netns "$a" type veth peer name hm1 netns "$b"
        framing=1514
    else
        local line=
        mkfifo "$work/laid"
        python3 "$here/cable.py" "$cable" "hm0-$$" "hm1-$$" "${one_way}e-9" >"$work/laid" &
        relay=$!
        read -r line <"$work/laid" || true
        rm "$work/laid"
        [ "$line" = ready ] || fail "the relay did not start"
        ip link set "hm0-$$" netns "$a" name hm0
        ip link set "hm1-$$" netns "$b" name hm1
        framing=1500
    fi
    # A bucket of a quarter of a millisecond, at least two packets: as little as timers allow, because a link has none. Packets that offload
    # leaves uncut must fit into half of it.
    local rate=$((bits * framing / 1538)) bucket=$((bits / 8 / 4000))
    [ "$bucket" -ge 3200 ] || bucket=3200
    local uncut=$((bucket / 2))
    [ "$uncut" -ge 1600 ] || uncut=1600
    [ "$uncut" -le 65536 ] || uncut=65536
    local side
    for side in "$a hm0 $address_a $address_b" "$b hm1 $address_b $address_a"; do
        set -- $side
        ip -n "$1" link set lo up
        ip -n "$1" link set "$2" mtu 1500 txqueuelen 100000
        ip -n "$1" link set "$2" gso_max_size "$uncut" 2>/dev/null || true
        ip -n "$1" link set "$2" up
        ip -n "$1" addr add "$3" peer "$4" dev "$2"
        if [ "$netem" = 1 ] && [ "$one_way" -gt 0 ]; then
            ip netns exec "$1" tc qdisc add dev "$2" root handle 1: netem delay "${one_way}ns" limit 200000
            ip netns exec "$1" tc qdisc add dev "$2" parent 1:1 handle 10: tbf rate "${rate}bit" burst "$bucket" limit 64m
        else
            ip netns exec "$1" tc qdisc add dev "$2" root handle 1: tbf rate "${rate}bit" burst "$bucket" limit 64m
        fi
        # The model has no slow start: keep the window of a warm connection over pauses.
        ip netns exec "$1" sysctl -q -w net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_no_metrics_save=1
        ip netns exec "$1" sysctl -q -w net.ipv4.tcp_congestion_control=cubic 2>/dev/null || true
    done
}

# The round trip as the two kernels see it, in microseconds.
round_trip_measured() { ip netns exec "$a" python3 "$here/rtt.py" "$address_b"; }

# Joins the namespaces so that the round trip is what was asked for (in microseconds), as nearly as it goes: devices and relay take time
# themselves, which the relay's delay must leave out. Sets $measured to the round trip that came out.
link_exactly() {
    local bits=$1 wanted=$2 one_way=$(($2 * 500)) try
    for try in 1 2 3; do
        link "$bits" "$one_way"
        measured=$(round_trip_measured)
        # Within 5 %, or the link has nothing of its own that could be taken away.
        [ $((20 * (measured - wanted))) -gt "$wanted" ] || [ $((20 * (wanted - measured))) -gt "$wanted" ] || break
        [ "$one_way" -gt 0 ] && [ "$try" -lt 3 ] || break
        one_way=$((one_way + (wanted - measured) * 500))
        [ "$one_way" -ge 0 ] || one_way=0
        unlink_both
    done
    say "a link of $bits bit/s each way; round trip $measured microseconds, wanted $wanted"
}

# Starts a listener and waits for its address; sets $listener and $where.
start() {
    local name=$1
    shift
    mkfifo "$work/said"
    "$@" >"$work/said" 2>"$work/$name.err" &
    listener=$!
    local line=
    read -r line <"$work/said" || true
    rm "$work/said"
    where=${line#listening on }
    [ "$where" != "$line" ] || fail "$name did not start: $(cat "$work/$name.err")"
}

# One run of all work: kind, number, network, long transfer, images, prefixes of both sides.
measure() {
    local kind=$1 number=$2 network=$3 bytes=$4 images=$5 listen=$6 server=$7 client=$8
    start link $server "$program" link --listen "$listen:0" --network "$network"
    $client "$program" link --connect "$where" --network "$network" --bytes "$bytes" \
        --json "$work/$kind-link-$number.json" >/dev/null
    wait "$listener"
    start serve $server "$program" serve cryptonets-relu --listen "$listen:0" --network "$network" --threads 1 \
        --relu gc --ot softspoken-4 --plan-for "$model"
    $client "$program" infer --connect "$where" --network "$network" --threads 1 --input "$data" --images "$images" \
        --output "$work/classes-$kind-$number" --report "$work/$kind-infer-$number.json" >/dev/null
    wait "$listener"
    [ "$(wc -l <"$work/classes-$kind-$number")" = "$images" ] || fail "run $number, $kind: not all images were classified"
}

if has_netem; then
    netem=1
    say "delay by netem"
else
    netem=0
    [ -x "$cable" ] || fail "$cable: not there; build it with cargo build --release --example relay, or set CABLE"
    say "delay by a relay between TUN devices"
fi
[ $# -gt 0 ] || set -- lan lan10 wan
outcome=0
for network in "$@"; do
    values=$(figures "$network") || exit 2
    read -r bits round_trip <<<"$values"
    # Half a second for a long transfer, and some seconds for the images (390 kB each).
    bytes=$((bits / 16))
    [ "$bytes" -le 250000000 ] || bytes=250000000
    images=$((bits / 8 * 4 / 390000))
    [ "$images" -le 1797 ] || images=1797
    [ "$images" -ge 1 ] || images=1
    rm -f "$work"/*.json "$work"/classes-*
    link_exactly "$bits" "$round_trip"
    # The link that is there is what the model must agree with.
    model=$network
    [ $((20 * (measured - round_trip))) -le "$round_trip" ] && [ $((20 * (round_trip - measured))) -le "$round_trip" ] ||
        model=$((bits / 1000))kbit,${measured}us
    for number in $(seq "$runs"); do
        say "$network, run $number of $runs"
        measure real "$number" loopback "$bytes" "$images" "$address_a" "ip netns exec $a" "ip netns exec $b"
        measure emulated "$number" "$model" "$bytes" "$images" 127.0.0.1 "" ""
    done
    unlink_both
    python3 "$here/compare.py" "$model" "$tolerance" "$work" || outcome=1
    [ -z "${KEEP:-}" ] || cp "$work"/*.json "$KEEP"
done
exit "$outcome"

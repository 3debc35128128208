#!/bin/bash
# The demo behind `make run`: a registry, a balancer, 22 comet-agents in eleven
# regions and a stream of real clients, all on this machine's loopback.
#
#   RUN_SECONDS=30        stop by itself; exit 0 only if all stayed healthy
#   PERI_DEMO_DIR         where state and logs go       (var/demo)
#   PERI_DEMO_BIN         the programs                  (build/release/bin)
#   PERI_DEMO_REGISTRY_PORT  (7171; its admin listener is one above)
#   PERI_DEMO_BALANCER_PORT  (8053; its admin listener is one above)
#   PERI_DEMO_NET         the nodes' network, 127.0.x   (127.0.1)
#   PERI_DEMO_RATE        clients that arrive a second  (25)
#   PERI_DEMO_READY_SECONDS  how long a daemon may take to start (10)
#
# A process that dies is started again after two seconds: kill one and watch.
set -u

demo=$(dirname "$0")
run_seconds=${RUN_SECONDS:-0}
dir=${PERI_DEMO_DIR:-var/demo}
bin=${PERI_DEMO_BIN:-build/release/bin}
registry_port=${PERI_DEMO_REGISTRY_PORT:-7171}
balancer_port=${PERI_DEMO_BALANCER_PORT:-8053}
net=${PERI_DEMO_NET:-127.0.1}
rate=${PERI_DEMO_RATE:-25}
ready_seconds=${PERI_DEMO_READY_SECONDS:-10}
registry=http://127.0.0.1:$registry_port
balancer=http://127.0.0.1:$balancer_port
admin=http://127.0.0.1:$((balancer_port + 1))
service=im.demo

declare -A name_of # pid -> name of a process that should be alive
declare -A line_of # name -> its command line, quoted for eval
declare -A due_at  # name of a process that died -> when to start it again
declare -A address # name of an agent -> its own loopback address
healthy=yes
stopping=no

say() { printf '%s\n' "$*"; }

# start NAME COMMAND...: in the background, log in $dir/log, pid in $dir/pid. In
# a session of its own: Ctrl-C in a terminal goes to this script alone, which
# then ends them in order.
start() {
    local name=$1
    shift
    line_of[$name]=$(printf '%q ' "$@")
    setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
    name_of[$!]=$name
    echo $! >"$dir/pid/$name"
}

# http_ok PORT PATH [ADDRESS]: whether a GET on loopback answers 200. No curl
# needed.
http_ok() {
    local status
    exec 9<>"/dev/tcp/${3:-127.0.0.1}/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n' "$2" >&9
    read -r -t 2 _ status _ <&9
    exec 9>&-
    [ "${status:-}" = 200 ]
} 2>/dev/null

# until_ok NAME PORT PATH: wait for it at most $ready_seconds, while it lives.
until_ok() {
    local i pid
    pid=$(<"$dir/pid/$1")
    for ((i = 0; i < ready_seconds * 10; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        http_ok "$2" "$3" && return 0
        sleep 0.1
    done
    say "$1 did not become ready; its log ($dir/log/$1.log) ends with:"
    tail -n 5 "$dir/log/$1.log"
    return 1
}

# login_url: where the dashboard is, with a code that lets an operator in once.
# Without one when the registry gives none.
login_url() {
    local port=$((registry_port + 1)) token line url=
    token=$(<"$dir/registry/admin.token")
    exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'POST /v1/login-codes HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n' "$port" >&9
    printf 'Authorization: Bearer %s\r\nConnection: close\r\n' "$token" >&9
    printf 'Content-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' \
        36 '{"role":"operator","name":"visitor"}' >&9
    while read -r -t 2 line || [ -n "$line" ]; do
        [[ $line =~ \"url\":\"([^\"]*)\" ]] && url=${BASH_REMATCH[1]}
        [ -z "$url" ] || break
        line=
    done <&9
    exec 9>&-
    printf '%s' "${url:-http://127.0.0.1:$port/}"
} 2>/dev/null

# end_processes PID...: SIGTERM, six seconds of patience, SIGKILL.
end_processes() {
    local i
    kill -TERM "$@" 2>/dev/null
    for ((i = 0; i < 60; i++)); do
        kill -0 "$@" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$@" 2>/dev/null
}

# stop_all: end every process that is still alive; the registry last, so that
# agents can take their leave from it.
stop_all() {
    [ $stopping = no ] || return 0
    stopping=yes
    local pid others=() registries=()
    for pid in "${!name_of[@]}"; do
        if [ "${name_of[$pid]}" = peri-registry ]; then
            registries+=("$pid")
        else
            others+=("$pid")
        fi
    done
    [ ${#others[@]} = 0 ] || end_processes "${others[@]}"
    [ ${#registries[@]} = 0 ] || end_processes "${registries[@]}"
    wait
    rm -f "$dir"/pid/*
}

interrupted() {
    trap '' INT TERM HUP
    say ""
    say "Stopping ${#name_of[@]} processes ..."
    stop_all
    # Ctrl-C is how a demo without a time limit ends.
    [ "$run_seconds" = 0 ] && [ $healthy = yes ]
    exit
}

start_fleet() {
    local geo=var/geo/city-ipv4.mmdb,var/geo/city-ipv6.mmdb
    [ -f var/geo/VERSION ] || geo=
    start peri-registry "$bin/peri-registry" --config "$demo/registry.jsonc" \
        --listen-nodes "127.0.0.1:$registry_port" \
        --listen-admin "127.0.0.1:$((registry_port + 1))" \
        --balancer-admin "$admin" --state-dir "$dir/registry"
    until_ok peri-registry "$registry_port" /readyz || return 1
    local id region zone octet capacity weight
    while read -r id region zone octet capacity weight; do
        case $id in '#'* | '') continue ;; esac
        address[agent-$id]=$net.$octet
        start "agent-$id" "$bin/comet-agent" --config "$demo/agent.jsonc" \
            --node-id "$id" --region "$region" --zone "$zone" \
            --addrs "$net.$octet" --listen-tcp "$net.$octet:3101" \
            --listen-admin "$net.$octet:3108" --registry "$registry" \
            --capacity "$capacity" --weight "$weight" \
            --token-secret "@$dir/token.secret"
    done <"$demo/nodes.tsv"
    start peri-balancer "$bin/peri-balancer" --config "$demo/balancer.jsonc" \
        --listen-public "127.0.0.1:$balancer_port" \
        --listen-admin "127.0.0.1:$((balancer_port + 1))" \
        --registry "$registry" --geo-databases "$geo" \
        --state-dir "$dir/balancer"
    until_ok peri-balancer "$((balancer_port + 1))" /readyz || return 1
    start demo-load "$bin/perictl" demo-load \
        --balancer "$balancer" --registry "$registry" --geo-db "$geo" \
        --host $service --token-secret-file "$dir/token.secret" \
        --rate "$rate" --session-mean 60
}

introduce() {
    local elsewhere=
    [ "$balancer_port" = 8053 ] || elsewhere=" --balancer-admin $admin"
    if [ -f var/geo/VERSION ]; then
        say "Geography: $(head -n 1 var/geo/ATTRIBUTION)"
    else
        say "NO CITY DATABASE (var/geo): every client's place is unknown, so" \
            "answers follow free capacity only. Run deploy/geo.sh to fetch it."
    fi
    say ""
    say "  dashboard  $(login_url)"
    say "             (the link logs in once; without it you can only look)"
    say "  resolve    $balancer/resolve"
    say "  registry   $registry/v1/nodes   $registry/v1/regions"
    say "  explain    $admin/explain?ip=200.160.2.3"
    say "  logs       $dir/log/"
    say ""
    say "Try, in another terminal:"
    say "  curl -s '$balancer/resolve?host=$service&ip=200.160.2.3'"
    say "  curl -s '$registry/v1/regions'"
    say "  curl -s '$balancer/goim/nodes/weighted?platform=web'"
    say "  $bin/perictl explain$elsewhere 200.160.2.3"
    say "  export PERI_TOKEN_FILE=$dir/registry/admin.token"
    [ "$registry_port" = 7171 ] ||
        say "  export PERI_REGISTRY_ADMIN=http://127.0.0.1:$((registry_port + 1))"
    say "  $bin/perictl status"
    say ""
}

# bury: note every process that has died since the last look. By asking for each
# of them: what bash reaps while it waits for something else, no wait -n tells.
bury() {
    local pid name rc
    for pid in "${!name_of[@]}"; do
        kill -0 "$pid" && continue
        wait "$pid"
        rc=$?
        name=${name_of[$pid]}
        unset "name_of[$pid]"
        healthy=no
        due_at[$name]=$((SECONDS + 2))
        say "$name (pid $pid) ended with status $rc; starting it again in 2 s"
    done
} 2>/dev/null

# follow: show the status lines that demo-load logs, one a second.
follow() {
    setsid tail -n 0 -F "$dir/log/demo-load.log" &
    name_of[$!]=tail
}

# revive: start what died two seconds ago.
revive() {
    local name
    for name in "${!due_at[@]}"; do
        [ $SECONDS -ge "${due_at[$name]}" ] || continue
        unset "due_at[$name]"
        if [ "$name" = tail ]; then
            follow
        else
            eval "start $name ${line_of[$name]}"
        fi
    done
}

# supervise: until the time is over, start what died. Silent, as bash has its
# own words for each child that was killed.
supervise() {
    local deadline=$((SECONDS + run_seconds))
    follow
    while [ "$run_seconds" = 0 ] || [ $SECONDS -lt $deadline ]; do
        sleep 1 &
        wait $! # and not in front, so that Ctrl-C is heard at once
        bury
        revive
    done
    bury
} 2>/dev/null

# still_ready: alive is not enough, all must be ready at the end.
still_ready() {
    local name ready=0
    http_ok "$((registry_port + 1))" /readyz ||
        { say "peri-registry is not ready."; ready=1; }
    http_ok "$((balancer_port + 1))" /readyz ||
        { say "peri-balancer is not ready."; ready=1; }
    for name in "${!address[@]}"; do
        http_ok 3108 /readyz "${address[$name]}" && continue
        say "$name is not ready."
        ready=1
    done
    return $ready
}

case $run_seconds in
*[!0-9]*)
    say "RUN_SECONDS is a whole number of seconds, not \"$run_seconds\"."
    exit 2
    ;;
esac
mkdir -p "$dir"/{log,pid,registry,balancer} || exit 1
if [ -z "$(find "$dir/token.secret" -size +31c 2>/dev/null)" ]; then
    (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' \
        >"$dir/token.secret")
fi
rm -f "$dir"/log/*.log "$dir"/pid/*
if http_ok "$registry_port" /healthz; then
    say "Something answers on port $registry_port already. Stop it, or run with" \
        "PERI_DEMO_REGISTRY_PORT and PERI_DEMO_BALANCER_PORT set to free ports."
    exit 1
fi
trap interrupted INT TERM HUP
trap stop_all EXIT
start_fleet || exit 1
introduce
supervise
still_ready || healthy=no
say "Stopping ${#name_of[@]} processes after $run_seconds s ..."
stop_all
[ $healthy = yes ] || say "Not healthy: see above."
[ $healthy = yes ]

#!/bin/bash
# Imports some sample traffic with private servers: the queue, the importer, the tables, the audit.
# STORE=sqlite (the default) or mysql; BUILD is the folder of the programs. On a terminal everything runs until Ctrl-C.
set -u
cd "$(dirname "$0")/.." || exit 2
. tests/servers.sh

build=${BUILD:-build}
title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || title() { printf '\n%s\n' "$*"; }
run() {
    printf '$ %s\n' "$*"
    "$@"
}

servers_begin
trap servers_end EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
conf=$servers/flowimport.conf
redis_start --appendonly yes || exit 1
case ${STORE:-sqlite} in
sqlite | '') store=sqlite:$servers/flows.db ;;
mysql) mariadb_start && store=$mysql_url || exit 1 ;;
*)
    echo "STORE=$STORE: expected sqlite or mysql" >&2
    exit 2
    ;;
esac
cat >"$conf" <<END
[queue]
url = $redis_url
consumer = demo

[import]
bucket_sizes = 600, 3600
flush_interval = 1s

[store]
url = $store

[http]
listen = 127.0.0.1:0
END

title "1. A configuration, and flows on the Redis list entry:queue"
cat "$conf"
awk -v now="$(date +%s)" -f etc/demo-traffic.awk >"$servers/flows.json" || exit 1
head -n 2 "$servers/flows.json"
# Convert each line to a command of the Redis protocol.
awk '{ printf "*3\r\n$5\r\nRPUSH\r\n$11\r\nentry:queue\r\n$%d\r\n%s\r\n", length($0), $0 }' "$servers/flows.json" |
    redis-cli -s "$redis_socket" --pipe >"$servers/push.log" || { cat "$servers/push.log"; exit 1; }
entries=$(redis-cli -s "$redis_socket" LLEN entry:queue)
echo "... $entries entries are queued"

title "2. The importer takes them, adds them up and writes the tables"
started=$(date +%s%N)
"$build/flowimportd" -c "$conf" 2>"$servers/flowimportd.log" &
importer=$!
servers_pids="$importer $servers_pids"
imported() {
    [ -z "$(redis-cli -s "$redis_socket" KEYS 'entry:queue')$(redis-cli -s "$redis_socket" KEYS '*:claim:*')" ]
}
tries=0
until imported; do
    tries=$((tries + 1))
    if [ $tries -gt 1200 ] || ! kill -0 $importer 2>/dev/null; then
        echo 'the importer makes no progress:' >&2
        cat "$servers/flowimportd.log" >&2
        exit 1
    fi
    sleep 0.05
done
echo "all committed $((($(date +%s%N) - started) / 1000000)) ms after its start"

title "3. Who talked most?"
run "$build/flowimport" -c "$conf" top hosts -n 5 || exit 1
run "$build/flowimport" -c "$conf" top ports -n 5 || exit 1
run "$build/flowimport" -c "$conf" top flows -n 5 || exit 1

title "4. What could not be counted, and why"
run "$build/flowimport" -c "$conf" rejected list || exit 1

title "5. How the importer is"
run "$build/flowimport" -c "$conf" status || exit 1
http=http://$(sed -n 's/.*listening on //p' "$servers/flowimportd.log")
echo "While it runs, the page is at $http/; see also $http/metrics for Prometheus, $http/healthz and $http/status"

title "6. The audit: does every table say the same as every other?"
run "$build/flowimport" -c "$conf" verify || exit 1

if [ -t 1 ] && [ -t 0 ]; then
    title "All of it runs on until Ctrl-C. In another terminal:"
    cat <<END
  $build/flowimport -c $conf top flows --from -1h
  $build/flowimport -c $conf status
  redis-cli -s $redis_socket RPUSH entry:queue '{"flowStartSeconds":$(date +%s),"flowEndSeconds":$(date +%s),"octetDeltaCount":1000,"packetDeltaCount":10}'
  curl $http/metrics
  tail -f $servers/flowimportd.log
END
    trap 'exit 0' INT # the importer gets it too, and writes what it has
    wait $importer
    exit 1
fi
kill $importer && wait $importer
status=$?
[ $status -eq 0 ] || { echo "the importer exited with code $status:"; cat "$servers/flowimportd.log"; }
exit $status

# Private servers for tests and the demo, to be sourced by bash: on UNIX sockets in a temporary folder, ended by pid.
# shellcheck shell=bash

# Makes the folder $servers; servers_end must be called at the end.
servers_begin() {
    servers=$(mktemp -d "${TMPDIR:-/tmp}/flowimport-XXXXXX")
    servers_pids=
    mkdir "$servers/bin"
    # The package redis-tools holds the server too, under another name (etc/install-deps.sh says more).
    if ! command -v redis-server >/dev/null; then
        ln -s "$(command -v redis-check-rdb)" "$servers/bin/redis-server"
        PATH=$PATH:$servers/bin
    fi
    # mariadbd is in /usr/sbin, which not everybody's PATH has.
    PATH=$PATH:/usr/sbin
}

servers_end() {
    local pid
    for pid in $servers_pids; do kill "$pid" 2>/dev/null; done
    for pid in $servers_pids; do wait "$pid" 2>/dev/null; done
    rm -rf "$servers"
}

# servers_wait NAME LOG COMMAND...: until the command succeeds; at most a minute, or as long as the last server lives.
servers_wait() {
    local name=$1 log=$2 tries=0
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 1200 ] || ! kill -0 "${servers_pids##* }" 2>/dev/null; then
            echo "$name does not start:" >&2
            tail -n 20 "$log" >&2
            return 1
        fi
        sleep 0.05
    done
}

# Sets $redis_socket and $redis_url; the words given go on the server's command line.
# shellcheck disable=SC2034,SC2120  # for whom it is sourced by
redis_start() {
    redis_socket=$servers/redis.sock
    redis_url=redis+unix://$redis_socket
    redis-server --port 0 --unixsocket "$redis_socket" --dir "$servers" --save '' --daemonize no "$@" >"$servers/redis.log" 2>&1 &
    servers_pids="$servers_pids $!"
    servers_wait redis-server "$servers/redis.log" redis-cli -s "$redis_socket" ping
}

# shellcheck disable=SC2034
# Sets $mysql_socket and $mysql_url, whose data base `flowimport` is empty.
mariadb_start() {
    local tables data=$servers/mysql user=()
    mysql_socket=$servers/mysql.sock
    mysql_url="mysql://root@localhost/flowimport?socket=$mysql_socket"
    [ "$(id -u)" -ne 0 ] || user=(--user=root)
    # MariaDB 10 and 11 call them differently.
    for tables in /usr/share/{mysql/mysql,mariadb/mysql,mysql/mariadb,mariadb/mariadb}_system_tables; do
        [ ! -e "$tables.sql" ] || break
    done
    mkdir "$data"
    # The server's own bootstrap: mariadb-install-db would need a program of the client's package.
    # It takes one statement a line.
    if ! { printf '%s;\n' 'CREATE DATABASE mysql' 'USE mysql' 'SET @auth_root_socket = NULL'
           cat "$tables.sql" "${tables}_data.sql"
           echo 'CREATE DATABASE flowimport;'
         } | mariadbd --no-defaults "${user[@]}" --bootstrap --datadir="$data" --tmpdir="$servers" >"$servers/mysql.log" 2>&1; then
        echo 'mariadbd can not make its system tables:' >&2
        tail -n 20 "$servers/mysql.log" >&2
        return 1
    fi
    mysql_serve mariadbd --no-defaults "${user[@]}" --datadir="$data"
}

# The same with Oracle's server.
# shellcheck disable=SC2034
mysqld_start() {
    local data=$servers/mysql options=(--secure-file-priv=NULL) # its folder for files is of the package mysql-server
    mysql_socket=$servers/mysql.sock
    mysql_url="mysql://root@localhost/flowimport?socket=$mysql_socket"
    [ "$(id -u)" -ne 0 ] || options+=(--user=root)
    echo 'CREATE DATABASE flowimport;' >"$servers/mysql.sql"
    if ! mysqld --no-defaults "${options[@]}" --initialize-insecure --init-file="$servers/mysql.sql" --datadir="$data" --tmpdir="$servers" \
        >"$servers/mysql.log" 2>&1; then
        echo 'mysqld can not make its system tables:' >&2
        tail -n 20 "$servers/mysql.log" >&2
        return 1
    fi
    # For the benchmark's LOAD DATA LOCAL; MariaDB's default.
    mysql_serve mysqld --no-defaults "${options[@]}" --datadir="$data" --mysqlx=off --local-infile=ON
}

# mysql_serve COMMAND...
mysql_serve() {
    "$@" --tmpdir="$servers" --socket="$mysql_socket" --skip-networking --pid-file="$servers/mysql.pid" \
        --innodb-buffer-pool-size=256M >"$servers/mysql.log" 2>&1 &
    servers_pids="$servers_pids $!"
    servers_wait "$1" "$servers/mysql.log" grep -q 'ready for connections' "$servers/mysql.log"
}

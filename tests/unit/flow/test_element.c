/* The table of information elements: in order, without doubles, found by id and by name; what each type means. */
#include "flow/element.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void ids_ascend_and_names_are_unique(void **state) {
    (void)state;
    assert_int_equal(sizeof element_table / sizeof element_table[0], 445);
    for (unsigned i = 0; i < ELEMENT_COUNT; i++) {
        const struct element *element = &element_table[i];
        if (i > 0) assert_true(element_table[i - 1].id < element->id);
        assert_true(element->type <= ELEMENT_SUB_TEMPLATE_MULTI_LIST);
        assert_in_range(strlen(element->name), 3, 63);
        assert_int_equal(strspn(element->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
                         strlen(element->name));
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(element_table[j].name, element->name);
    }
    assert_int_equal(element_table[0].id, 1);
    assert_int_equal(element_table[ELEMENT_COUNT - 1].id, 491);
}

static void every_element_is_found_by_id_and_name(void **state) {
    (void)state;
    unsigned found = 0;
    for (unsigned i = 0; i < ELEMENT_COUNT; i++) {
        const struct element *element = &element_table[i];
        assert_ptr_equal(element_by_id(element->id), element);
        assert_ptr_equal(element_by_name(element->name, strlen(element->name)), element);
    }
    for (unsigned id = 0; id < 70000; id++) {
        const struct element *element = element_by_id(id);
        if (element) assert_int_equal(element->id, id);
        found += element != NULL;
    }
    assert_int_equal(found, ELEMENT_COUNT);
    assert_null(element_by_id(65536 + 1));
    assert_null(element_by_id(UINT32_MAX));
}

static void names_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t len;
    } strangers[] = {
        {"", 0},
        {"octetDeltaCoun", 14},
        {"octetDeltaCounts", 16},
        {"OctetDeltaCount", 15},
        {" octetDeltaCount", 16},
        {"flowStartMilliSeconds", 21},
        {"octetDeltaCount\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 47},
        {"octet\0eltaCount", 15},
    };
    for (unsigned i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        assert_null(element_by_name(strangers[i].name, strangers[i].len));
    assert_int_equal(element_by_name("octetDeltaCountAndMore", 15)->id, 1);
}

static const struct {
    const char *name;
    unsigned id;
    enum element_type type;
} known[] = {
    {"octetDeltaCount", 1, ELEMENT_UNSIGNED64},
    {"packetDeltaCount", 2, ELEMENT_UNSIGNED64},
    {"protocolIdentifier", 4, ELEMENT_UNSIGNED8},
    {"tcpControlBits", 6, ELEMENT_UNSIGNED16},
    {"sourceTransportPort", 7, ELEMENT_UNSIGNED16},
    {"sourceIPv4Address", 8, ELEMENT_IPV4_ADDRESS},
    {"destinationTransportPort", 11, ELEMENT_UNSIGNED16},
    {"destinationIPv4Address", 12, ELEMENT_IPV4_ADDRESS},
    {"flowStartSysUpTime", 22, ELEMENT_UNSIGNED32},
    {"sourceIPv6Address", 27, ELEMENT_IPV6_ADDRESS},
    {"destinationIPv6Address", 28, ELEMENT_IPV6_ADDRESS},
    {"sourceMacAddress", 56, ELEMENT_MAC_ADDRESS},
    {"interfaceName", 82, ELEMENT_STRING},
    {"flowStartSeconds", 150, ELEMENT_DATE_TIME_SECONDS},
    {"flowEndSeconds", 151, ELEMENT_DATE_TIME_SECONDS},
    {"flowStartMilliseconds", 152, ELEMENT_DATE_TIME_MILLISECONDS},
    {"flowStartMicroseconds", 154, ELEMENT_DATE_TIME_MICROSECONDS},
    {"flowEndNanoseconds", 157, ELEMENT_DATE_TIME_NANOSECONDS},
    {"dataRecordsReliability", 276, ELEMENT_BOOLEAN},
    {"basicList", 291, ELEMENT_BASIC_LIST},
    {"subTemplateList", 292, ELEMENT_SUB_TEMPLATE_LIST},
    {"subTemplateMultiList", 293, ELEMENT_SUB_TEMPLATE_MULTI_LIST},
    {"samplingProbability", 311, ELEMENT_FLOAT64},
    {"mibObjectValueInteger", 434, ELEMENT_SIGNED32},
};

static void the_registry_is_kept(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct element *element = element_by_name(known[i].name, strlen(known[i].name));
        assert_non_null(element);
        assert_int_equal(element->id, known[i].id);
        assert_int_equal(element->type, known[i].type);
    }
}

static const struct {
    const char *name;
    unsigned width;
    bool sum;
    const char *sql;
} types[] = {
    [ELEMENT_OCTET_ARRAY] = {"octetArray", 64, false, "BINARY(64)"},
    [ELEMENT_UNSIGNED8] = {"unsigned8", 1, true, "TINYINT UNSIGNED"},
    [ELEMENT_UNSIGNED16] = {"unsigned16", 2, true, "SMALLINT UNSIGNED"},
    [ELEMENT_UNSIGNED32] = {"unsigned32", 4, true, "INT UNSIGNED"},
    [ELEMENT_UNSIGNED64] = {"unsigned64", 8, true, "BIGINT UNSIGNED"},
    [ELEMENT_SIGNED8] = {"signed8", 1, false, "TINYINT"},
    [ELEMENT_SIGNED16] = {"signed16", 2, false, "SMALLINT"},
    [ELEMENT_SIGNED32] = {"signed32", 4, false, "INT"},
    [ELEMENT_SIGNED64] = {"signed64", 8, false, "BIGINT"},
    [ELEMENT_FLOAT32] = {"float32", 8, false, "DOUBLE"},
    [ELEMENT_FLOAT64] = {"float64", 8, false, "DOUBLE"},
    [ELEMENT_BOOLEAN] = {"boolean", 1, false, "TINYINT UNSIGNED"},
    [ELEMENT_MAC_ADDRESS] = {"macAddress", 6, false, "BINARY(6)"},
    [ELEMENT_STRING] = {"string", 64, false, "VARBINARY(64)"},
    [ELEMENT_DATE_TIME_SECONDS] = {"dateTimeSeconds", 4, false, "INT UNSIGNED"},
    [ELEMENT_DATE_TIME_MILLISECONDS] = {"dateTimeMilliseconds", 8, false, "BIGINT UNSIGNED"},
    [ELEMENT_DATE_TIME_MICROSECONDS] = {"dateTimeMicroseconds", 8, false, "BIGINT UNSIGNED"},
    [ELEMENT_DATE_TIME_NANOSECONDS] = {"dateTimeNanoseconds", 8, false, "BIGINT UNSIGNED"},
    [ELEMENT_IPV4_ADDRESS] = {"ipv4Address", 4, false, "INT UNSIGNED"},
    [ELEMENT_IPV6_ADDRESS] = {"ipv6Address", 16, false, "BINARY(16)"},
    [ELEMENT_BASIC_LIST] = {"basicList", 0, false, NULL},
    [ELEMENT_SUB_TEMPLATE_LIST] = {"subTemplateList", 0, false, NULL},
    [ELEMENT_SUB_TEMPLATE_MULTI_LIST] = {"subTemplateMultiList", 0, false, NULL},
};

static void the_type_decides(void **state) {
    (void)state;
    for (unsigned type = 0; type < sizeof types / sizeof types[0]; type++) {
        struct element element = {.id = 1, .type = (uint8_t)type, .name = "any"};
        assert_int_equal(element_width(&element), types[type].width);
        assert_int_equal(element_is_sum(&element), types[type].sum);
        if (types[type].sql)
            assert_string_equal(element_sql_type(&element), types[type].sql);
        else
            assert_null(element_sql_type(&element));
        assert_string_equal(element_type_name(type), types[type].name);
    }
    assert_string_equal(element_type_name(23), "unknown");
    assert_string_equal(element_type_name(UINT32_MAX), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_ascend_and_names_are_unique),
        cmocka_unit_test(every_element_is_found_by_id_and_name),
        cmocka_unit_test(names_are_exact),
        cmocka_unit_test(the_registry_is_kept),
        cmocka_unit_test(the_type_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Protocol and service names, from the system's tables. */
#include "flow/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { TRANSPORTS = 2, PORTS = 65536, PROTOCOL_NAMES_MAX = 1024 };

static struct {
    char *name;
    uint8_t number;
} protocols[PROTOCOL_NAMES_MAX]; /* names and aliases; the first of a number is its name */
static unsigned n_protocols;
static char **services[TRANSPORTS]; /* by port; NULL before names_init */
static struct service {
    char *name;
    uint16_t port, transport;
} *service_names; /* and aliases, in their order */
static size_t n_service_names;

static void protocol_add(const char *name, int number) {
    if (number < 0 || number > UINT8_MAX || n_protocols == PROTOCOL_NAMES_MAX) return;
    protocols[n_protocols].name = mem_strdup(name);
    protocols[n_protocols++].number = (uint8_t)number;
}

static void protocols_read(void) {
    static const struct {
        const char *name;
        int number;
    } built_in[] = {{"icmp", 1}, {"igmp", 2}, {"tcp", 6},        {"udp", 17},  {"ipv6", 41}, {"gre", 47},
                    {"esp", 50}, {"ah", 51},  {"ipv6-icmp", 58}, {"ospf", 89}, {"pim", 103}, {"sctp", 132}};
    setprotoent(1);
    for (struct protoent *entry; (entry = getprotoent());) {
        protocol_add(entry->p_name, entry->p_proto);
        for (char **alias = entry->p_aliases; *alias; alias++)
            protocol_add(*alias, entry->p_proto);
    }
    endprotoent();
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
        if (protocol_number(built_in[i].name, strlen(built_in[i].name)) < 0)
            protocol_add(built_in[i].name, built_in[i].number);
}

static int service_order(const void *a, const void *b) {
    const struct service *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : left->transport - right->transport;
}

static void service_add(const char *name, uint16_t port, unsigned transport) {
    if ((n_service_names & (n_service_names - 1)) == 0)
        service_names = mem_realloc(service_names, n_service_names ? 2 * n_service_names : 1, sizeof *service_names);
    service_names[n_service_names++] = (struct service){mem_strdup(name), port, (uint16_t)transport};
}

static void services_read(void) {
    for (unsigned i = 0; i < TRANSPORTS; i++)
        services[i] = mem_zalloc(PORTS, sizeof(char *));
    setservent(1);
    for (struct servent *entry; (entry = getservent());) {
        unsigned transport = strcmp(entry->s_proto, "tcp") == 0   ? 0
                             : strcmp(entry->s_proto, "udp") == 0 ? 1
                                                                  : TRANSPORTS;
        uint16_t port = ntohs((uint16_t)entry->s_port);
        if (transport == TRANSPORTS) continue;
        if (!services[transport][port]) services[transport][port] = mem_strdup(entry->s_name);
        service_add(entry->s_name, port, transport);
        for (char **alias = entry->s_aliases; *alias; alias++)
            service_add(*alias, port, transport);
    }
    endservent();
    if (n_service_names > 0) qsort(service_names, n_service_names, sizeof *service_names, service_order);
}

void names_init(void) {
    if (services[0]) return;
    protocols_read();
    services_read();
}

int protocol_number(const char *name, size_t len) {
    for (unsigned i = 0; i < n_protocols; i++)
        if (strlen(protocols[i].name) == len && strncasecmp(protocols[i].name, name, len) == 0)
            return protocols[i].number;
    return -1;
}

const char *protocol_name(uint8_t number) {
    for (unsigned i = 0; i < n_protocols; i++)
        if (protocols[i].number == number) return protocols[i].name;
    return NULL;
}

const char *service_name(uint16_t port, uint8_t protocol) {
    if (!services[0]) return NULL;
    if (protocol == IPPROTO_TCP) return services[0][port];
    if (protocol == IPPROTO_UDP) return services[1][port];
    return services[0][port] ? services[0][port] : services[1][port];
}

int service_port(const char *name, size_t len, uint8_t protocol) {
    char text[64];
    if (len >= sizeof text || n_service_names == 0) return -1;
    memcpy(text, name, len);
    text[len] = '\0';
    for (unsigned i = 0; i < TRANSPORTS; i++) {
        const struct service wanted = {text, 0, (uint16_t)(protocol == IPPROTO_UDP ? 1 - i : i)}, *found;
        found = bsearch(&wanted, service_names, n_service_names, sizeof wanted, service_order);
        if (found) return found->port;
    }
    return -1;
}

bool service_known(uint16_t port, uint8_t protocol) { return service_name(port, protocol) != NULL; }

/* Which of a flow's two ports is the service's. */
#include "flow/service.h"

#include <stddef.h>

const uint16_t service_registered[] = {
    1080, 1194, 1433, 1434,  1521,  1645,  1646,  1701,  1723,  1812,  1813,  1883,  1935,  2049, 2055, 2083,
    2123, 2152, 2181, 2375,  2376,  2379,  2380,  3128,  3260,  3268,  3269,  3306,  3389,  3478, 3784, 3868,
    4369, 4500, 4739, 4789,  5004,  5005,  5044,  5060,  5061,  5222,  5269,  5353,  5355,  5432, 5601, 5671,
    5672, 5683, 5684, 5900,  5938,  5985,  5986,  6081,  6343,  6379,  6443,  6514,  6881,  8000, 8008, 8080,
    8081, 8086, 8088, 8443,  8883,  8888,  9000,  9042,  9090,  9092,  9093,  9100,  9200,  9300, 9418, 9993,
    9995, 9996, 9997, 10050, 10051, 11211, 15672, 25565, 27017, 32400, 41641, 51413, 51820,
};
const unsigned service_n_registered = sizeof service_registered / sizeof service_registered[0];

const uint8_t service_protocols[] = {6, 17, 33, 132, 136};
const unsigned service_n_protocols = sizeof service_protocols / sizeof service_protocols[0];

bool service_is_registered(uint16_t port) {
    unsigned low = 0, high = service_n_registered;
    if (port <= SERVICE_SYSTEM) return port > 0;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (service_registered[middle] == port) return true;
        if (service_registered[middle] < port)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool has_ports(uint8_t protocol) {
    for (unsigned i = 0; i < service_n_protocols; i++)
        if (service_protocols[i] == protocol) return true;
    return false;
}

uint16_t service_of(uint16_t source_port, uint16_t destination_port, uint8_t protocol) {
    uint16_t less = source_port < destination_port ? source_port : destination_port;
    uint16_t more = source_port < destination_port ? destination_port : source_port;
    if (!has_ports(protocol)) return 0;
    if (service_is_registered(less)) return less;
    if (service_is_registered(more)) return more;
    if (less == 0) less = more;
    return less < SERVICE_EPHEMERAL ? less : 0;
}

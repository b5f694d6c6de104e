/* What an observation domain has lost: gaps between its sequence numbers, and data sets without a template; settled
 * after LOST_WAIT_US, and told to the sink every LOST_WAIT_US. */
#ifndef FLOWIMPORT_COLLECT_DOMAIN_LOSS_H
#define FLOWIMPORT_COLLECT_DOMAIN_LOSS_H

#include "collect/session.h"

/* `now`: seconds since 1970. */
void domain_sequence(struct sessions *sessions, struct domain *domain, uint32_t number, uint32_t units, bool whole,
                     uint32_t now);
/* A data set that can't be read. */
void domain_set_lost(struct sessions *sessions, struct domain *domain, uint32_t now);
/* Tells all of a domain that ends. */
void domain_loss_end(struct sessions *sessions, struct domain *domain);
/* About once a second; settles the gaps that were found before LOST_WAIT_US. */
void domain_losses_tell(struct sessions *sessions, uint32_t now);
/* Tells all, at the end. */
void domain_losses_end(struct sessions *sessions, uint32_t now);

#endif

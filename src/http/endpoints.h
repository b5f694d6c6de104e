/* The endpoints, each in a file of its own, for the table of paths. */
#ifndef FLOWIMPORT_HTTP_ENDPOINTS_H
#define FLOWIMPORT_HTTP_ENDPOINTS_H

#include "base/option.h"
#include "http/api.h"

void api_meta(struct api_call *call);
void api_query(struct api_call *call);
void api_flows(struct api_call *call);
void api_loss(struct api_call *call);
void api_pipeline(struct api_call *call);
void api_names(struct api_call *call);
void api_links(struct api_call *call);

/* The parameters of each, for the manual. */
extern const struct option api_query_params[], api_flows_params[], api_loss_params[], api_names_params[],
    api_links_params[];
extern const unsigned api_query_n_params, api_flows_n_params, api_loss_n_params, api_names_n_params, api_links_n_params;

#endif

/* The paths of the API, and the manual of their parameters. */
#include "http/api.h"

#include <string.h>

#include "base/mdoc.h"
#include "http/call.h"
#include "http/endpoints.h"

const struct api_endpoint api_endpoints[] = {
    {"/api/meta", api_meta},         {"/api/query", api_query}, {"/api/flows", api_flows}, {"/api/loss", api_loss},
    {"/api/pipeline", api_pipeline}, {"/api/names", api_names}, {"/api/links", api_links},
};
const unsigned api_n_endpoints = sizeof api_endpoints / sizeof api_endpoints[0];

/* --- the manual --- */

static const struct {
    const char *path;
    const struct option *params;
    const unsigned *n;
} manual_paths[] = {
    {"/api/query", api_query_params, &api_query_n_params}, {"/api/flows", api_flows_params, &api_flows_n_params},
    {"/api/loss", api_loss_params, &api_loss_n_params},    {"/api/names", api_names_params, &api_names_n_params},
    {"/api/links", api_links_params, &api_links_n_params},
};

static void param_print(const struct option *param, struct buffer *out) {
    struct buffer accepts = BUFFER_INIT;
    buffer_add_text(out, ".It Cm ");
    mdoc_argument(param->name, out);
    buffer_add_text(out, "\n");
    mdoc_text(param->help, out);
    if (param->more) mdoc_text(param->more, out);
    if (param->type != OPTION_TEXT) {
        buffer_add_text(&accepts, "Accepts ");
        call_accepts(param, &accepts);
        buffer_add_text(&accepts, ".");
        mdoc_text(accepts.data, out);
        buffer_release(&accepts);
    }
    if (!param->standard) return;
    buffer_add_text(out, "The default is\n.Ql ");
    mdoc_argument(param->standard, out);
    buffer_add_text(out, " .\n");
}

int api_print_manual(const char *path, struct buffer *out) {
    for (size_t i = 0; i < sizeof manual_paths / sizeof manual_paths[0]; i++) {
        if (strcmp(manual_paths[i].path, path) != 0) continue;
        buffer_add_text(out, ".Bl -tag -width Ds\n");
        for (unsigned row = 0; row < *manual_paths[i].n; row++)
            param_print(&manual_paths[i].params[row], out);
        buffer_add_text(out, ".El\n");
        return 0;
    }
    return -1;
}

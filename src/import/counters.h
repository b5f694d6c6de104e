/* What every importer tells, whatever its source: the module "import". */
#ifndef FLOWIMPORT_IMPORT_COUNTERS_H
#define FLOWIMPORT_IMPORT_COUNTERS_H

#include "import/fold.h"
#include "import/committer.h"

/* What is in memory, and what of it is not committed. */
struct counters_held {
    uint64_t entries;
    int64_t oldest; /* when the first of them was taken, in seconds since the epoch; INT64_MAX: there is none */
    size_t bytes, rows;
};

/* Adds a generation that has committed. */
void counters_commit(struct importer_counters *counters, const struct generation *generation);
void counters_log(const struct generation *generation);
/* `folder`: its decoder has counters of its own. `now`: seconds since the epoch. */
void counters_show(const struct importer_counters *counters, const struct importer_config *config,
                   const struct folder *folder, const struct counters_held *held, int64_t now, struct show *show);
/* Adds a line where entries wait too long. */
void counters_problems(const struct importer_config *config, const struct counters_held *held, int64_t now,
                       struct buffer *out);

#endif

/* The table of commands, and that of their options. */
#include "tool/commands.h"

#include <stddef.h>

#include "store/retention/retention.h"

/* clang-format off */
static const struct option_word formats[] = {
    {"auto", FORMAT_AUTO},   {"json", FORMAT_JSON},     {"zeek", FORMAT_ZEEK},
    {"argus", FORMAT_ARGUS}, {"nfdump", FORMAT_NFDUMP}, {"pcap", FORMAT_PCAP},
    {"vermont-db", FORMAT_VERMONT_DB}, {"argus-db", FORMAT_ARGUS_DB}, {NULL, 0}};

#define AT(field, type) OPTION_AT(command_options, field, type)
const struct option command_options[] = {
    {.flag = "once",
     .type = OPTION_BOOL,
     .offset = AT(once, bool),
     .help = "Imports the given files, or without any drains the queue, then exits."},
    {.flag = "again",
     .type = OPTION_BOOL,
     .offset = AT(again, bool),
     .help = "Imports or pushes a file even if the same contents have been before."},
    {.flag = "end",
     .type = OPTION_BOOL,
     .offset = AT(end, bool),
     .help = "Pushes END behind the last file: it ends the importer that comes to it."},
    {.flag = "follow",
     .type = OPTION_BOOL,
     .offset = AT(follow, bool),
     .help = "Goes on pushing what is added to the file, across its rotation."},
    {.flag = "format",
     .type = OPTION_WORD,
     .offset = AT(format, int),
     .standard = "auto",
     .words = formats,
     .placeholder = "FORMAT",
     .help = "The format of the files; auto finds it by looking. vermont-db and argus-db: tables of a database."},
    {.flag = "rejected",
     .type = OPTION_TEXT,
     .offset = AT(rejected, const char *),
     .placeholder = "FILE",
     .help = "Appends records of files that are no entries to this file, as they were."},
    {.flag = "pretty",
     .type = OPTION_BOOL,
     .offset = AT(pretty, bool),
     .help = "Prints flows for people."},
    {.flag = "from",
     .type = OPTION_TEXT,
     .offset = AT(from_text, const char *),
     .placeholder = "TIME|URL",
     .help = "Looks at what was from this time on, in whole buckets; or the database that is read, "
             "mysql://user@host/database[?table=PATTERN]."},
    {.flag = "to",
     .type = OPTION_TIME,
     .offset = AT(to, int64_t),
     .placeholder = "TIME",
     .help = "Looks at what was before this time, in whole buckets."},
    {.flag = "n",
     .type = OPTION_COUNT,
     .offset = AT(n, uint64_t),
     .standard = "10",
     .min = 1,
     .max = 100000,
     .help = "Shows this many rows."},
    {.flag = "dry-run",
     .type = OPTION_BOOL,
     .offset = AT(dry_run, bool),
     .help = "Shows what would be done, and does nothing."},
    {.flag = "at",
     .type = OPTION_TIME,
     .offset = AT(at, int64_t),
     .placeholder = "TIME",
     .help = "Runs retention as if it were this time."},
    {.flag = "definer",
     .type = OPTION_TEXT,
     .offset = AT(definer, const char *),
     .standard = RETENTION_DEFINER,
     .placeholder = "USER@HOST",
     .help = "The account in whose name the retention event runs."},
    {.flag = "from-password-file",
     .type = OPTION_TEXT,
     .offset = AT(from_password_file, const char *),
     .placeholder = "FILE",
     .help = "A file whose first line is the password for the database that is moved or read from."},
};

const unsigned n_command_options = sizeof command_options / sizeof command_options[0];

const struct command commands[] = {
    {"top", command_top, false},
    {"status", command_status, false},
    {"verify", command_verify, false},
    {"rejected", command_rejected, false},
    {"migrate", command_migrate, false},
    {"print", command_print, true},
    {"export", command_export, false},
    {"convert", command_convert, false},
    {"push", command_push, true},
    {"serve", command_serve, false},
    {"open", command_open, true},
    {"schema", command_schema, false},
    {"retention", command_retention, false},
};
const unsigned n_commands = sizeof commands / sizeof commands[0];
/* clang-format on */

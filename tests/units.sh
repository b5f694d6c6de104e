#!/bin/sh
# The program of all unit tests in C, which runs the one it is told: units.sh ROOM/test_NAME... >units.c
echo '/* Made by tests/units.sh. */'
echo '#include <stdio.h>'
echo '#include <string.h>'
for name; do echo "int unit_$(echo "$name" | tr / _)(void);"; done
echo 'static const struct { const char *name; int (*run)(void); } tests[] = {'
for name; do echo "    {\"$name\", unit_$(echo "$name" | tr / _)},"; done
cat <<'END'
};
int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof tests / sizeof *tests; i++)
        if (strcmp(argv[1], tests[i].name) == 0) return tests[i].run();
    fputs("units ROOM/test_NAME: one of\n", stderr);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        fprintf(stderr, "  %s\n", tests[i].name);
    return 2;
}
END

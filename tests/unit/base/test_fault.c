/* The places where a test may end the process. */
#include "base/fault.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* How often "here" is passed until the child is killed; 0: it lives through five passings. */
static int passings(const char *variable) {
    int pipes[2], count = 0, status;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        setenv("FLOWIMPORT_FAULT", variable, 1);
        fault_init();
        for (int i = 0; i < 5; i++) {
            fault_point("there");
            if (write(pipes[1], "x", 1) != 1) _exit(1);
            fault_point("here");
        }
        _exit(0);
    }
    close(pipes[1]);
    char c;
    while (read(pipes[0], &c, 1) == 1)
        count++;
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), SIGKILL);
    return WIFSIGNALED(status) ? count : 0;
}

static void ends_at_the_place_and_the_count(void **state) {
    (void)state;
    assert_int_equal(passings("here"), 1);
    assert_int_equal(passings("here:1"), 1);
    assert_int_equal(passings("here:3"), 3);
    assert_int_equal(passings("here:6"), 0);
    assert_int_equal(passings("elsewhere"), 0);
    assert_int_equal(passings("her"), 0);
    assert_int_equal(passings(""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_at_the_place_and_the_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

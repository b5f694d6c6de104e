/* From root, or from capabilities, to an account that may nothing in particular. */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int user_become(const char *user, struct error *error) {
    errno = 0;
    const struct passwd *account = getpwnam(user);
    if (!account)
        return error_set(error, "account '%s' not found%s%s", user, errno ? ": " : "", errno ? strerror(errno) : "");
    if (initgroups(user, account->pw_gid) != 0 || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0)
        return error_set(error, "account '%s': %s", user, strerror(errno));
    return 0;
}

int privileges_drop(const char *user, struct error *error) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (geteuid() == 0 && user && user_become(user, error) != 0) return -1;
    /* The ambient set goes with the others. Root that stays root keeps what it is: somebody has asked for that. */
    if (geteuid() != 0 && syscall(SYS_capset, &header, none) != 0)
        return error_set(error, "capabilities: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return error_set(error, "no_new_privs: %s", strerror(errno));
    return 0;
}

#!/bin/sh
# Prints the flags that leave a stranger's bytes less to do, as far as compiler, processor and linker know them:
# hardening.sh compile|link CC CFLAGS... With a sanitizer none, for that finds more; _FORTIFY_SOURCE only where the code is
# optimized, for its checks are made then.
step=$1 compiler=$2
shift 2
case " $* " in *' -fsanitize'*) exit ;; esac

# knows FLAG...: whether all of them work, without a warning.
knows() {
    only=-c
    [ "$step" != link ] || only=-fPIE
    # shellcheck disable=SC2086  # "ccache gcc" is two words
    printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | $compiler "$@" -Werror "$only" -x c -o /dev/null - 2>/dev/null
}

# each FLAG...: those of them that work; mostly all do, which one run of the compiler says.
each() {
    if knows "$@"; then
        echo "$@"
    elif [ $# -gt 1 ]; then
        for flag; do each "$flag"; done
    fi
}

if [ "$step" = link ]; then
    each -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
    exit
fi
each -fPIE -fstack-protector-strong -fstack-clash-protection
# The processor's own: Intel's and AMD's, or ARM's.
each -fcf-protection
each -mbranch-protection=standard
case " $* " in
*' -O0 '*) ;;
*' -O'*)
    # Not 3, which looks up the size of an object where it is copied: that costs the collector 250 instructions a flow.
    # The package's flags may have set another one.
    if knows -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2; then
        echo "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
    fi
    ;;
esac

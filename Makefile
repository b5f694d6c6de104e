# Builds flowimport out of source, in build/. `make help` lists the targets.

VERSION := $(shell etc/version.sh)
PREFIX = /usr/local
sysconfdir = /etc
bindir = $(PREFIX)/bin
sbindir = $(PREFIX)/sbin
mandir = $(PREFIX)/share/man
datadir = $(PREFIX)/share/flowimport
systemddir = $(PREFIX)/lib/systemd/system
sysusersdir = $(PREFIX)/lib/sysusers.d
bashdir = $(PREFIX)/share/bash-completion/completions
zshdir = $(PREFIX)/share/zsh/site-functions
fishdir = $(PREFIX)/share/fish/vendor_completions.d
BUILD = build
# Where `make page` leaves the page's files.
PAGE = $(BUILD)/page
SECONDS = 60
# Of `make campaign`.
SEED = 1
FAULTS = 1000
PKG_CONFIG = pkg-config
OBJCOPY = objcopy
CFLAGS = -O2 -g
# Flags against what a stranger's bytes might do; HARDENING= leaves them out.
HARDENING = yes
# The rooms of the library, from the ground to the roof; a test of a lower one can be built from those below it:
# make ROOMS="base flow" ...
ROOMS = base flow names packet meter collect export queue store store/mysql store/sqlite store/query store/retention files import http
# The rooms of the programs.
PROGRAM_ROOMS = config daemon tool tool/convert

mysql := $(shell $(PKG_CONFIG) --exists libmariadb && echo libmariadb || echo mysqlclient)
packages = hiredis jansson $(mysql) libevent libevent_pthreads openssl sqlite3 inih libxxhash zlib libzstd liblzma libpcap expat libmaxminddb libcrypt
warnings = -Wall -Wextra -Wshadow -Wconversion $(if $(WERROR),-Werror)
# What every compilation needs, whatever CFLAGS says.
flags := -std=c11 -D_GNU_SOURCE -pthread -Iinclude/flowimport -Isrc \
         -DFLOWIMPORT_CONFIG='"$(sysconfdir)/flowimport/flowimport.conf"' \
         $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(packages) 2>/dev/null))
libraries := $(shell $(PKG_CONFIG) --libs $(packages) 2>/dev/null) -lm
test_libraries := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

hardening := $(if $(HARDENING),$(shell etc/hardening.sh compile '$(CC)' $(CFLAGS)))
hardening_links := $(if $(HARDENING),$(shell etc/hardening.sh link '$(CC)' $(CFLAGS)))

# Short lines; V=1 shows the commands.
say = $(if $(V),,@echo '  $(1) $(2)'; )
object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
sources := $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
mains := src/daemon/flowimportd.c src/tool/flowimport.c
program_sources := $(filter-out $(mains),$(foreach room,$(PROGRAM_ROOMS),$(wildcard src/$(room)/*.c)))
unit_names := $(patsubst tests/unit/%.c,%,$(sort $(shell find tests/unit -name 'test_*.c')))
unit_tests := $(addprefix $(BUILD)/tests/unit/,$(unit_names))
# Those that stand in for functions of the library.
units_with_fakes := $(patsubst tests/unit/%.c,%,$(shell grep -rlE '"(fake_redis|consumer_case).h"' tests/unit --include='test_*.c'))
integration_tests := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
benches := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
fuzzers := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
programs := $(addprefix $(BUILD)/,$(basename $(notdir $(mains))))
manuals := $(patsubst %.in,$(BUILD)/man/%,$(notdir $(wildcard src/daemon/*.in src/tool/*.in)))
completions := $(addprefix $(BUILD)/completion/flowimport.,bash zsh fish)
# The programs' archive comes first: it calls the library, never the other way round.
archives := $(BUILD)/libprograms.a $(BUILD)/libflowimport.a
formatted = $(shell find src include tests -name '*.[ch]')

# Only what tells the version is compiled again where it differs.
versioned := $(call object,$(shell grep -rl --include='*.c' FLOWIMPORT_VERSION src tests))

.PHONY: all help page tests check check-all check-cluster check-mysql asan fuzz fuzzers bench benches campaign demo screenshots format sample sql install deb dist \
        clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(programs) $(manuals) $(completions) ## the two programs, manuals, shell completion (the default)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo '  Variables: BUILD=$(BUILD) CC=$(CC) CFLAGS="$(CFLAGS)" WERROR=1 V=1 PREFIX=$(PREFIX) DESTDIR= SECONDS=$(SECONDS)'
	@echo '  make check-all MYSQL=yes: with the main tests on MySQL, too, as CI runs it'

# Asked for by every object, so that a machine without the libraries hears about the packages and not about headers.
$(BUILD)/.libraries:
	@command -v $(PKG_CONFIG) >/dev/null || { echo 'pkg-config is missing: run etc/install-deps.sh' >&2; exit 1; }
	@for package in $(packages); do $(PKG_CONFIG) --exists $$package || { \
	    echo "The library $$package is missing: run etc/install-deps.sh" >&2; exit 1; }; done
	@mkdir -p $(@D) && touch $@

$(BUILD)/.test-libraries: $(BUILD)/.libraries
	@$(PKG_CONFIG) --exists cmocka || { echo 'The library cmocka is missing: run etc/install-deps.sh test' >&2; exit 1; }
	@touch $@

$(BUILD)/obj/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(versioned): flags += -DFLOWIMPORT_VERSION='"$(VERSION)"'
$(versioned) $(manuals): $(BUILD)/obj/version

# Of the sources, so that the same ones make the same program.
BUILT := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y etc/NEWS.md))
dated := $(call object,src/import/own_clock.c)
$(BUILD)/obj/built: FORCE
	@mkdir -p $(@D)
	@echo '$(BUILT)' | cmp -s - $@ || echo '$(BUILT)' >$@
$(dated): flags += -DFLOWIMPORT_BUILT='INT64_C($(BUILT))'
$(dated): $(BUILD)/obj/built

$(BUILD)/obj/tests/%.o: flags += -Itests/unit
$(BUILD)/obj/tests/unit/%.o $(BUILD)/obj/tests/integration/%.o: flags += -include tests/unit/cmocka_names.h
$(BUILD)/obj/%.o: %.c | $(BUILD)/.libraries
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(flags) $(warnings) $(CPPFLAGS) $(CFLAGS) $(hardening) -MMD -MP -c -o $@ $<

# sql/retention.sql as a string of the program.
$(BUILD)/obj/sql/retention.c: sql/retention.sql
	@mkdir -p $(@D)
	@awk 'BEGIN { print "const char retention_sql[] =" } { gsub(/[\\"]/, "\\\\&"); print "\"" $$0 "\\n\"" } END { print ";" }' $< >$@
$(BUILD)/obj/sql/retention.o: $(BUILD)/obj/sql/retention.c | $(BUILD)/.libraries
	$(call say,CC,$<)$(CC) $(flags) $(CPPFLAGS) $(CFLAGS) $(hardening) -c -o $@ $<

# The page, if its modules can be installed; without them (exit code 3) the programs are built all the same.
page = etc/page.sh $(PAGE)
$(BUILD)/obj/page/made: etc/page.sh etc/npm.sh $(wildcard src/page/*)
	@mkdir -p $(@D)
	@$(page) || { [ $$? -eq 3 ] && echo 'The page is left out of the programs; make page tries again.' >&2; }
	@touch $@

# The page's files as bytes of the program; one that says what is missing, where there are none.
$(BUILD)/obj/page/assets.c: etc/embed-page.sh $(BUILD)/obj/page/made $(wildcard $(PAGE)/*)
	@mkdir -p $(@D)
	@etc/embed-page.sh $(PAGE) >$@
$(BUILD)/obj/page/assets.o: $(BUILD)/obj/page/assets.c src/http/assets.h | $(BUILD)/.libraries
	$(call say,CC,$<)$(CC) $(flags) $(CPPFLAGS) $(CFLAGS) $(hardening) -c -o $@ $<

# Made aside and moved, so that two makes at a time never see half an archive.
$(BUILD)/libflowimport.a: $(call object,$(sources)) $(BUILD)/obj/sql/retention.o $(BUILD)/obj/page/assets.o
$(BUILD)/libprograms.a: $(call object,$(program_sources))
$(BUILD)/%.a:
	@mkdir -p $(@D)
	@rm -f $@.$$$$ && $(AR) rcs $@.$$$$ $^ && mv $@.$$$$ $@

$(BUILD)/flowimportd: $(BUILD)/obj/src/daemon/flowimportd.o
$(BUILD)/flowimport: $(BUILD)/obj/src/tool/flowimport.o
$(programs): $(archives)
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(hardening_links) $(LDFLAGS) -o $@ $(filter %.o,$^) $(archives) $(libraries)

$(unit_tests) $(integration_tests) $(benches): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(archives) | $(BUILD)/.test-libraries
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(hardening_links) $(LDFLAGS) -o $@ $^ $(test_libraries) $(libraries)

# All unit tests as one program, because linking each takes longer than running it: tests/units ROOM/test_NAME. There a test's
# main has the test's name, and all else in its object is its own.
$(BUILD)/obj/units/%.o: $(BUILD)/obj/tests/unit/%.o
	@mkdir -p $(@D)
	@name=unit_$$(echo '$*' | tr / _); $(OBJCOPY) --redefine-sym main=$$name --keep-global-symbol=$$name $< $@
# One that stands in for functions of the library takes with it what calls them. The groups of clang's sanitized globals are
# dissolved: the library has them, too, and of two groups of one name the linker keeps one.
$(addprefix $(BUILD)/obj/units/,$(addsuffix .o,$(units_with_fakes))): $(BUILD)/obj/units/%.o: $(BUILD)/obj/tests/unit/%.o $(archives)
	@mkdir -p $(@D)
	@name=unit_$$(echo '$*' | tr / _); $(LD) -r --force-group-allocation -o $@.whole $^ && \
	    $(OBJCOPY) --redefine-sym main=$$name --keep-global-symbol=$$name $@.whole $@; rm -f $@.whole
$(BUILD)/obj/units/units.c: tests/units.sh FORCE
	@mkdir -p $(@D)
	@tests/units.sh $(unit_names) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/obj/units/units.o: $(BUILD)/obj/units/units.c
	$(call say,CC,$<)$(CC) $(flags) $(warnings) $(CPPFLAGS) $(CFLAGS) $(hardening) -c -o $@ $<
$(BUILD)/tests/units: $(BUILD)/obj/units/units.o $(patsubst %,$(BUILD)/obj/units/%.o,$(unit_names)) $(archives) \
                      | $(BUILD)/.test-libraries
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(hardening_links) $(LDFLAGS) -o $@ $^ $(test_libraries) $(libraries)

# Fuzzers hold the library's sources instrumented, in a build folder of their own.
$(fuzzers): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(archives)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(libraries)

# The manuals: every line ".\" @OPTIONS ARGUMENT@" gives way to what the program prints of its option table.
vpath %.in src/daemon src/tool
$(BUILD)/man/%: %.in $(BUILD)/flowimportd $(BUILD)/flowimport
	@mkdir -p $(@D)
	@etc/man-complete.sh $< $(BUILD) $(VERSION) >$@

# Shell completion, from the table of commands.
$(completions): $(BUILD)/completion/flowimport.%: $(BUILD)/flowimport
	@mkdir -p $(@D)
	@$(BUILD)/flowimport --print completion-$* >$@

page: ## the page alone, with its modules from npm; `make page all` puts it into the programs
	@mkdir -p $(BUILD)/obj/page
	@$(page) && touch $(BUILD)/obj/page/made

tests: $(BUILD)/tests/units $(integration_tests)
benches: $(benches)
fuzzers: $(fuzzers)

check: all $(BUILD)/tests/units ## unit tests and lints: seconds, no server
	@BUILD=$(BUILD) tests/run unit lint

check-all: ## everything, with private servers: prints the sum of all tests last
	@etc/install-deps.sh test
	@MAKE='$(MAKE)' tests/run $(if $(MYSQL),ci,all)

check-mysql: ## what concerns the database, with MySQL's own server and client library, in a root of Debian sid (by root)
	@BUILD=$(BUILD) tests/check-mysql

check-cluster: all ## importers on clusters of MariaDB and Redis whose nodes are killed and cut off (by root)
	@BUILD=$(BUILD) tests/check-cluster

asan: ## unit and integration programs under AddressSanitizer and UBSan
	@MAKE='$(MAKE)' tests/run asan

fuzz: ## each fuzzer for SECONDS=60
	@MAKE='$(MAKE)' tests/run fuzz $(SECONDS)

bench: all $(benches) ## measures, printed as ratios
	@etc/install-deps.sh bench
	@BUILD=$(BUILD) tests/bench/run

campaign: all ## a campaign of faults against private servers: SEED=1 FAULTS=1000
	@etc/install-deps.sh test
	@FLOWIMPORT_BUILD=$(BUILD) tests/campaign/run --seed $(SEED) --faults $(FAULTS) --consumers 3

demo: ## sample traffic through private servers into tables (STORE=mysql: into MariaDB)
	@etc/install-deps.sh demo
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) STORE=$(STORE) etc/demo.sh

screenshots: all ## pictures of the page with sample traffic, into build/screenshots
	@etc/install-deps.sh test
	@FLOWIMPORT_BUILD=$(BUILD) /usr/bin/python3 tests/browser/run.py screenshots $(BUILD)/screenshots

format: ## formats the sources, with clang-format 19
	@clang-format-19 -i $(formatted)

sample: all ## etc/flowimport.conf from the option table
	$(BUILD)/flowimportd --print sample >etc/flowimport.conf

sql: all ## sql/ from the generator
	$(BUILD)/flowimport -c /dev/null --store mysql://localhost/flows schema print >sql/schema.sql
	$(BUILD)/flowimport -c /dev/null --store mysql://localhost/flows schema print grants >sql/grants.sql
	$(BUILD)/flowimport -c /dev/null --store sqlite:flows.db schema print >sql/schema-sqlite.sql

install: all ## into DESTDIR and PREFIX; a configuration that is there stays
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(sbindir) $(DESTDIR)$(datadir)/sql $(DESTDIR)$(sysconfdir)/flowimport \
	    $(DESTDIR)$(systemddir) $(DESTDIR)$(sysusersdir)
	install -m 755 $(BUILD)/flowimport $(DESTDIR)$(bindir)
	install -m 755 $(BUILD)/flowimportd $(DESTDIR)$(sbindir)
	for page in $(notdir $(manuals)); do section=$(DESTDIR)$(mandir)/man$${page##*.}; \
	    install -d $$section && install -m 644 $(BUILD)/man/$$page $$section || exit 1; done
	install -d $(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	install -m 644 $(BUILD)/completion/flowimport.bash $(DESTDIR)$(bashdir)/flowimport
	install -m 644 $(BUILD)/completion/flowimport.zsh $(DESTDIR)$(zshdir)/_flowimport
	install -m 644 $(BUILD)/completion/flowimport.fish $(DESTDIR)$(fishdir)
	install -m 644 sql/*.sql $(DESTDIR)$(datadir)/sql
	install -m 644 etc/grafana/flowimport.json etc/prometheus/flowimport-alerts.yml $(DESTDIR)$(datadir)
	sed 's|/usr/sbin/|$(sbindir)/|' etc/systemd/flowimportd.service >$(DESTDIR)$(systemddir)/flowimportd.service
	chmod 644 $(DESTDIR)$(systemddir)/flowimportd.service
	install -m 644 etc/systemd/flowimport.sysusers $(DESTDIR)$(sysusersdir)/flowimport.conf
	install -m 644 etc/systemd/flowimportd-capture.conf $(DESTDIR)$(datadir)
	test -e $(DESTDIR)$(sysconfdir)/flowimport/flowimport.conf || \
	    install -m 640 etc/flowimport.conf $(DESTDIR)$(sysconfdir)/flowimport/flowimport.conf

dist: page ## the source archive of a release, with the page built: BUILD/dist/flowimport-VERSION.tar.gz
	@etc/dist.sh '$(VERSION)' $(PAGE) $(BUILD)/dist

deb: ## a Debian package, in BUILD/deb/
	@etc/deb.sh $(VERSION) $(BUILD)/deb

clean: ## removes build/
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

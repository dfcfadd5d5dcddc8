# aco: one Makefile, no recursion into folders. `make help` lists the targets.
#
# Sources are found by wildcard, so a new file needs no line here. Object
# files go to build/MODE (gcc) or build/MODE-clang; the modes differ only in
# their flags. `make` without arguments builds build/release/aco and leaves a
# link to it at build/aco.

# ---- what to build ---------------------------------------------------------

.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif

# Tests are for checked builds: `make check` is a dev build unless told.
ifneq ($(filter check check-% test-faults,$(MAKECMDGOALS)),)
MODE ?= dev
endif
MODE ?= release
ifeq ($(filter $(MODE),release dev asan tsan cover fuzz),)
$(error MODE is one of release dev asan tsan cover fuzz, not '$(MODE)')
endif

IS_CLANG := $(findstring clang,$(CC))
# A checkout that is not ours to write is built in our cache folder.
B ?= $(shell if mkdir -p build 2>/dev/null && [ -w build ]; then echo build; \
	else echo "$${XDG_CACHE_HOME:-$$HOME/.cache}/aco/build"; fi)
B := $(B)
OUT := $(B)/$(MODE)$(if $(IS_CLANG),-clang)

SRC := aco.c $(wildcard ledger/base/*.c ledger/*.c router/*.c ingest/*.c \
	tui/*.c)
OBJ := $(SRC:%.c=$(OUT)/%.o) $(OUT)/gen/sql.o
LIB_OBJ := $(filter-out $(OUT)/aco.o,$(OBJ))

UNIT_SRC := $(wildcard tests/unit/test_*.c)
INT_SRC := $(wildcard tests/int/test_*.c)
BENCH_SRC := $(wildcard tests/bench/bench_*.c)
GEN := tests/bench/gen
APPEND_LOAD := tests/bench/append_load
OTLP_LOAD := tests/bench/otlp_load
GW_LOAD := tests/bench/gw_load
HTTP_SERVE := tests/bench/http_serve
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
UNIT := $(UNIT_SRC:%.c=$(OUT)/%)
INT := $(INT_SRC:%.c=$(OUT)/%)
BENCH := $(BENCH_SRC:%.c=$(OUT)/%)
FUZZ := $(FUZZ_SRC:%.c=$(OUT)/%)

# Whatever in a tests folder is not a program of its own (harness.c, ...) goes
# into a library, of which each program of that folder takes what it names.
UNIT_AUX := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
INT_AUX := $(filter-out $(INT_SRC),$(wildcard tests/int/*.c))
BENCH_AUX := $(filter-out $(BENCH_SRC) $(GEN).c $(APPEND_LOAD).c \
	$(OTLP_LOAD).c $(HTTP_SERVE).c $(GW_LOAD).c tests/bench/otlp_body.c, $(wildcard tests/bench/*.c))

# ---- flags -----------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wvla -Walloca -Wundef -Wwrite-strings -Wcast-qual -Wpointer-arith \
	-Wformat=2 -Wnull-dereference -Wimplicit-fallthrough -Wswitch-enum \
	-fno-common
ifeq ($(IS_CLANG),)
WARN += -Wduplicated-cond -Wduplicated-branches -Wlogical-op
endif

CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack
ifneq ($(filter x86_64 i386 i486 i586 i686,$(shell uname -m)),)
CFLAGS_release += -fcf-protection=full
endif
ifeq ($(IS_CLANG),)
CFLAGS_release += -ftrivial-auto-var-init=zero
endif

SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_dev := -O1 -g3 -fno-omit-frame-pointer -Werror
CFLAGS_asan := $(CFLAGS_dev) $(SAN)
LDFLAGS_asan := $(SAN)
CFLAGS_tsan := $(CFLAGS_dev) -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_cover := -O0 -g --coverage
LDFLAGS_cover := --coverage
CFLAGS_fuzz := $(CFLAGS_dev) -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
# The interceptors of the sanitizers make gcc see paths that are not there.
ifeq ($(IS_CLANG),)
SAN_NOISE := -Wno-null-dereference -Wno-maybe-uninitialized \
	-Wno-format-truncation
CFLAGS_asan += $(SAN_NOISE)
CFLAGS_tsan += $(SAN_NOISE)
endif

# Third-party headers are system headers: warnings judge only our own code.
PQ_INC := $(shell pg_config --includedir 2>/dev/null || \
	echo /usr/include/postgresql)
CPPFLAGS += -D_GNU_SOURCE -I. -I$(OUT) -isystem $(PQ_INC) \
	-include ledger/base/banned.h
ALL_CFLAGS = -std=gnu17 -pthread $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS_$(MODE)) $(LDFLAGS) -Wl,--as-needed

# A library is linked when the one file that may use it (its gate) is there.
LIBS := -lpq -linih -lcrypto -lz -lm
LIBS += $(if $(wildcard tui/*.c),-lncursesw -ltinfo)
LIBS += $(if $(wildcard ingest/tls.c),-lssl)
# The fuzzer of our JSON reader compares it with jansson.
LIBS_fuzz_json := -ljansson

# Commands are shown in short; V=1 shows them whole.
ifeq ($(V),1)
SAY :=
else
Q := @
SAY = @echo '  $1  $@'
endif

# ---- build -----------------------------------------------------------------

all: $(OUT)/aco  ## build aco (MODE=release dev asan tsan, CC=gcc clang)
ifeq ($(MODE),release)
	@ln -sf $(OUT:$(B)/%=%)/aco $(B)/aco
endif

$(OUT)/aco: $(OUT)/aco.o $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Everything but main(), for the tests. Made anew each time: no stale members.
$(OUT)/libaco.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcsT $@ $(LIB_OBJ)

# The generated header must be there before the first compilation; after that
# the dependency files know who includes it.
$(OUT)/%.o: %.c $(OUT)/flags | $(OUT)/gen/sql.h
	@mkdir -p $(@D)
	$(call SAY,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/gen/%.o: $(OUT)/gen/%.c $(OUT)/flags
	$(call SAY,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rebuild when the flags changed.
FLAGS_NOW = $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FLAGS_NOW)' | cmp -s - $@ || echo '$(FLAGS_NOW)' >$@

# Files that are embedded with .incbin: compilers do not report them as
# dependencies, so an object that embeds anything depends on all data files
# that lie beside the code.
INCBIN_SRC := $(shell grep -ls '[.]incbin' $(SRC))
DATA := $(wildcard ledger/prices/* ledger/data/* router/data/* ingest/data/* \
	tui/data/*)
$(INCBIN_SRC:%.c=$(OUT)/%.o): $(DATA)

# ---- SQL -------------------------------------------------------------------

# The folders are dependencies too: a removed file must leave the program.
SQL := $(wildcard sql/queries/*.sql sql/migrations/*.sql)
SQL_DIRS := $(wildcard sql/queries sql/migrations)

$(OUT)/gen/sql.c: $(SQL) $(SQL_DIRS) sql/embed.awk
	@mkdir -p $(@D)
	@awk -v mode=header -f sql/embed.awk $(SQL) </dev/null >$(OUT)/gen/sql.h~
	@awk -v mode=source -f sql/embed.awk $(SQL) </dev/null >$@~
	@cmp -s $(OUT)/gen/sql.h~ $(OUT)/gen/sql.h || \
		cp $(OUT)/gen/sql.h~ $(OUT)/gen/sql.h
	@mv $@~ $@

$(OUT)/gen/sql.h: $(OUT)/gen/sql.c ;

# The committed picture of a fresh database.
sql-schema: all  ## write sql/schema.sql from the migrations
	tests/schema.sh $(OUT)/aco sql/schema.sql

# ---- tests -----------------------------------------------------------------

$(OUT)/tests/unit/libaux.a: $(UNIT_AUX:%.c=$(OUT)/%.o)
$(OUT)/tests/int/libaux.a: $(INT_AUX:%.c=$(OUT)/%.o)
$(OUT)/tests/unit/libaux.a $(OUT)/tests/int/libaux.a:
	@rm -f $@
	@ar rcsT $@ $^

$(UNIT): $(OUT)/%: $(OUT)/%.o $(OUT)/tests/unit/libaux.a $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(INT): $(OUT)/%: $(OUT)/%.o $(OUT)/tests/int/libaux.a $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(OUT)/tests/bench/bench_meaning: $(OUT)/tests/bench/otlp_body.o
$(BENCH): $(OUT)/%: $(OUT)/%.o $(BENCH_AUX:%.c=$(OUT)/%.o) $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(LIBS)

$(FUZZ): $(OUT)/%: $(OUT)/%.o $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(LIBS_$(@F))

# Makes transcripts and outcomes for benchmarks and tests; libc only.
$(OUT)/$(GEN): $(OUT)/$(GEN).o
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lm

# Model calls over HTTP, as telemetry.
$(OUT)/$(OTLP_LOAD): $(OUT)/$(OTLP_LOAD).o $(OUT)/tests/bench/otlp_body.o \
		$(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The HTTP server alone.
$(OUT)/$(HTTP_SERVE): $(OUT)/$(HTTP_SERVE).o $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Model calls over HTTP, through a gateway or not.
$(OUT)/$(GW_LOAD): $(OUT)/$(GW_LOAD).o $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Writes into a ledger, or beside it, for a benchmark.
$(OUT)/$(APPEND_LOAD): $(OUT)/$(APPEND_LOAD).o $(OUT)/libaco.a
	$(call SAY,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

tests: all $(UNIT) $(INT) $(OUT)/$(GEN)

# tests/run.sh runs them, from this folder, with ACO_BIN naming the program.
test:  ## everything: lint, all builds, all tests, sanitizers, fuzz smoke
	B=$(B) tests/run.sh all

check: tests  ## all tests of one build (MODE=dev or asan)
	tests/run.sh cases $(OUT) unit int tui

check-unit: all $(UNIT)  ## unit tests; ONLY=name for one
	tests/run.sh cases $(OUT) unit

check-int: all $(INT) $(OUT)/$(GEN)  ## tests against a private PostgreSQL
	tests/run.sh cases $(OUT) int

check-tui: all  ## the dashboard's screens, under tmux
	tests/run.sh cases $(OUT) tui

test-faults: all $(INT)  ## hurt a daemon ROUNDS (200) times under load
	ACO_FAULT_ROUNDS=$(or $(ROUNDS),200) LIMIT=3600 ONLY=test_faults \
		tests/run.sh cases $(OUT) int

update-screens: all  ## write tests/tui/*.screen anew, to be looked at
	UPDATE_SCREENS=1 tests/run.sh cases $(OUT) tui
	git diff --stat -- tests/tui

FUZZ_SECONDS ?= 30
ifeq ($(MODE),fuzz)
fuzz-build: $(FUZZ)
fuzz-run: $(FUZZ)
	tests/run.sh fuzz $(OUT) $(FUZZ_SECONDS)
else
fuzz-build fuzz-run:
	$(MAKE) MODE=fuzz CC=clang $@
fuzz:  ## every fuzzer for FUZZ_SECONDS (30); ONLY=name for one
	$(MAKE) MODE=fuzz CC=clang fuzz-run
endif

bench-build: all $(BENCH) $(OUT)/$(GEN) $(OUT)/$(APPEND_LOAD) $(OUT)/$(OTLP_LOAD) \
		$(OUT)/$(HTTP_SERVE) $(OUT)/$(GW_LOAD)
bench: bench-build  ## benchmarks; JSON=1, ONLY=name
	@tests/run.sh bench $(OUT)

cover:  ## which lines the unit and integration tests reach
	$(MAKE) MODE=cover all tests
	tests/run.sh cover $(B)/cover

# ---- care ------------------------------------------------------------------

FORMATTED = $(shell git ls-files -co --exclude-standard '*.c' '*.h' \
	2>/dev/null || find . -name build -prune -o -name '*.[ch]' -print)

lint:  ## layers, gates, names, shell, man page, format
	tests/lint.sh

format:  ## rewrite all C with clang-format 14
	clang-format-14 -i $(FORMATTED)

format-check:  ## fail if `make format` would change anything
	clang-format-14 --dry-run -Werror $(FORMATTED)

# Left out: what -Wconversion or the house style see better, what calls for
# functions that glibc does not have, and va_list, which confuses version 14.
comma := ,
TIDY_CHECKS := clang-analyzer-* bugprone-* \
	readability-inconsistent-declaration-parameter-name \
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
	-clang-analyzer-valist.Uninitialized \
	-bugprone-easily-swappable-parameters \
	-bugprone-implicit-widening-of-multiplication-result \
	-bugprone-macro-parentheses -bugprone-misplaced-widening-cast \
	-bugprone-narrowing-conversions -bugprone-reserved-identifier \
	-bugprone-not-null-terminated-result -bugprone-sizeof-expression \
	-bugprone-suspicious-string-compare
TIDY := $(subst $() ,$(comma),-* $(strip $(TIDY_CHECKS)))
tidy: $(OUT)/gen/sql.h  ## clang-tidy (slow)
	@printf '%s\n' $(SRC) | xargs -P $$(nproc) -n 4 sh -c \
		'clang-tidy-14 --quiet --checks="$(TIDY)" \
		--warnings-as-errors="*" "$$@" -- $(CPPFLAGS) -std=gnu17 \
		2>&1 | grep -v "warnings generated"; test $$? -eq 1' tidy

man: all  ## write the man page and the sample configuration
	$(OUT)/aco help --man >ledger/base/aco.1~
	mv ledger/base/aco.1~ ledger/base/aco.1
	$(OUT)/aco config --sample >ledger/base/aco.conf~
	mv ledger/base/aco.conf~ ledger/base/aco.conf

compdb:  ## compile_commands.json, through bear
	rm -rf $(B)/compdb
	bear -- $(MAKE) B=$(B)/compdb MODE=dev all tests

run:  ## a look at it: captured sessions, a ledger of its own, the dashboard
	@tests/deps.sh $(PACKAGES_BUILD)
	@$(MAKE) --no-print-directory MODE=release all
	@ledger/run.sh $(B)/aco

# ---- installation ----------------------------------------------------------

PREFIX ?= /usr/local
BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man/man1
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/aco
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system

install: all  ## to PREFIX (/usr/local) under DESTDIR
	install -d $(BINDIR) $(MANDIR) $(DOCDIR) $(UNITDIR)
	install -m 755 $(OUT)/aco $(BINDIR)/aco
	install -m 644 ledger/base/aco.1 $(MANDIR)/aco.1
	install -m 644 ledger/base/aco.conf $(DOCDIR)/aco.conf.sample
	sed 's|@BINDIR@|$(PREFIX)/bin|' ingest/aco.service >$(UNITDIR)/aco.service
	install -m 644 $(wildcard LICENSE README.md \
		ingest/outcomes.schema.json ingest/events.schema.json \
		ingest/outcomes_api.schema.json) $(DOCDIR)

uninstall:  ## remove what install put there
	rm -f $(BINDIR)/aco $(MANDIR)/aco.1 $(UNITDIR)/aco.service
	rm -rf $(DOCDIR)

# The one list of Debian packages: .ci/run calls `make deps` too.
PACKAGES_BUILD := gcc make libc6-dev libinih-dev libpq-dev libssl-dev \
	libncurses-dev zlib1g-dev libxgboost-dev postgresql
PACKAGES_TEST := clang libclang-rt-14-dev clang-format-14 clang-tidy-14 \
	libcmocka-dev libjansson-dev shellcheck mandoc tmux bear git

deps:  ## install the Debian packages that are missing
	@tests/deps.sh $(PACKAGES_BUILD) $(PACKAGES_TEST)

clean:  ## remove build/
	rm -rf $(B) compile_commands.json

help:  ## this list
	@echo 'targets:'
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "  %-14s %s\n", $$1, $$2 }' \
		Makefile

FORCE:
.PHONY: FORCE all tests test check check-unit check-int check-tui test-faults update-screens fuzz \
	fuzz-build fuzz-run bench bench-build cover lint format format-check \
	tidy man compdb run install uninstall deps clean help sql-schema
.SECONDARY:
.DELETE_ON_ERROR:

-include $(OBJ:.o=.d)
-include $(patsubst %,%.d,$(UNIT) $(INT) $(BENCH) $(FUZZ) $(OUT)/$(GEN) \
	$(OUT)/$(APPEND_LOAD) $(OUT)/$(OTLP_LOAD) $(OUT)/$(HTTP_SERVE) $(OUT)/$(GW_LOAD) \
	$(OUT)/tests/bench/otlp_body)
-include $(patsubst %.c,$(OUT)/%.d,$(UNIT_AUX) $(INT_AUX) $(BENCH_AUX))

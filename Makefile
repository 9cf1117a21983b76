# OPEN GPU Network. `make help` lists the targets.
MODE    ?= release
BUILD   := build/$(MODE)
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
DIR     ?= .
VERSION := 0.1.0

# OpenSSL >= 3.5: the system's, or the private copy that `make deps` builds (OPENSSL_PREFIX=DIR: one's own).
OPENSSL_PREFIX ?= $(shell tests/deps/openssl-prefix.sh 2>/dev/null)
ifneq ($(OPENSSL_PREFIX),)
  export PKG_CONFIG_PATH := $(OPENSSL_PREFIX)/lib/pkgconfig:$(PKG_CONFIG_PATH)
  SSL_LDFLAGS := -L$(OPENSSL_PREFIX)/lib -Wl,--disable-new-dtags -Wl,-rpath,$(OPENSSL_PREFIX)/lib
endif

PKGS    := libssl libcrypto sqlite3 jansson libseccomp libcurl ncursesw
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
           -Wformat=2 -Wcast-qual -Wwrite-strings -Wundef -Wno-overlength-strings
SAN     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_release := -O2 -g
CFLAGS_debug   := -O0 -g3
CFLAGS_asan    := -O1 -g $(SAN)
CFLAGS_fuzz    := -O1 -g $(SAN) -fsanitize=fuzzer-no-link
CFLAGS_cov     := -O0 -g --coverage
LDFLAGS_asan   := $(SAN)
LDFLAGS_fuzz   := $(SAN)
LDFLAGS_cov    := --coverage
ifeq ($(MODE),fuzz)
  CC := clang
endif

TOOLS   := $(notdir $(wildcard cmd/ogpu cmd/ogpu-*))
LIB_SRC := $(wildcard libcommon/*/*.c)
obj      = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# Make before 4.4 does not export to $(shell).
pkg          := PKG_CONFIG_PATH='$(PKG_CONFIG_PATH)' pkg-config
ALL_CPPFLAGS := -Ilibcommon -D_GNU_SOURCE -DOG_VERSION='"$(VERSION)"' \
                $(shell $(pkg) --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
ALL_CFLAGS   := -std=c17 -MMD -MP $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
ALL_LDFLAGS  := -Wl,--as-needed $(SSL_LDFLAGS) $(LDFLAGS_$(MODE)) $(LDFLAGS)
LIBS         := $(shell $(pkg) --libs $(PKGS) 2>/dev/null) -lm -ldl -lpthread $(LDLIBS)

# Z3 for `ogpu-contract prove`, where it is there; --as-needed keeps it out of the other tools.
ifneq ($(shell $(pkg) --exists z3 2>/dev/null && echo yes),)
  ALL_CPPFLAGS += -DOG_WITH_Z3
  LIBS += $(shell $(pkg) --libs z3)
endif

UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
SIM_SRC  := $(wildcard tests/sim/*.c)
BENCH_SRC := $(wildcard bench/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
SIM_BIN  := $(patsubst tests/sim/%.c,$(BUILD)/sim/%,$(SIM_SRC))
BENCH_BIN := $(patsubst bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
BINS     := $(addprefix $(BUILD)/bin/,$(TOOLS))
# A short line for each command; V=1 shows it whole.
short     = $(if $(V),,@echo '  $(1)  $@';)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test unit e2e fuzz fuzz-replay soak bench lint format completions ptx man-lint examples \
        install uninstall deps deps-net clean help sim built-run built-test built

all: $(BINS)                               ## build every tool into build/$(MODE)/bin

# gcc 12 moves 256-bit words through vector registers and waits for them; labels as values need no gcse.
$(call obj,$(wildcard libcommon/vm/vm_run*.c)): ALL_CFLAGS += -fno-tree-vectorize $(if $(filter clang,$(CC)),,-fno-gcse)
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call short,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
$(BUILD)/libcommon.a: $(call obj,$(LIB_SRC))
	@rm -f $@ && $(AR) rcs $@ $^
# The runner of CUDA kernels and the headers that kernels see lie inside the library.
CUDA_RUN := $(BUILD)/cuda-run
$(CUDA_RUN): $(wildcard cuda/run/*.[ch]) libcommon/exec/exec_cu.h
	@mkdir -p $(@D)
	$(call short,LD)$(CC) -Ilibcommon -D_GNU_SOURCE -std=c17 $(WARN) -O2 -s -rdynamic -o $@ $(filter %.c,$^) -ldl
$(BUILD)/obj/libcommon/exec/exec_cuda_res.o: $(CUDA_RUN) $(wildcard cuda/shim/*.h) $(wildcard cuda/*.ptx)
$(BUILD)/obj/libcommon/exec/exec_cuda_res.o: ALL_CPPFLAGS += -DOG_CUDA_RUNNER='"$(CUDA_RUN)"'
define tool_rule
$(BUILD)/bin/$(1): $(call obj,$(wildcard cmd/$(1)/*.c)) $(BUILD)/libcommon.a
	@mkdir -p $$(@D)
	$$(call short,LD)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rule,$(t))))
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
$(BUILD)/sim/%: $(BUILD)/obj/tests/sim/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
# What the examples need beside the tools; climate reads NetCDF and is left out without libnetcdf.
NETCDF_LIBS := $(shell $(pkg) --libs netcdf 2>/dev/null)
EXAMPLES    := mnist $(if $(NETCDF_LIBS),climate)
EXAMPLE_BIN := $(addprefix $(BUILD)/examples/,$(EXAMPLES))
examples: all $(EXAMPLE_BIN)               ## what the examples need beside the tools
$(BUILD)/obj/examples/climate/%.o: ALL_CPPFLAGS += $(shell $(pkg) --cflags netcdf 2>/dev/null)
$(BUILD)/examples/climate: LIBS += $(NETCDF_LIBS)
define example_rule
$(BUILD)/examples/$(1): $(call obj,$(wildcard examples/$(1)/*.c)) $(BUILD)/libcommon.a
	@mkdir -p $$(@D)
	$$(call short,LD)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach e,$(EXAMPLES),$(eval $(call example_rule,$(e))))
$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
ifeq ($(MODE),fuzz)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
else
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
endif

run: deps                                  ## install what is missing, build, play the main job (DIR=.)
	@$(MAKE) --no-print-directory -j$$(nproc) built-run
built-run: all
	@BIN=$(BUILD)/bin DIR='$(DIR)' examples/main-job.sh
test: deps                                 ## everything CI runs
	@OGPU_TESTS=1 tests/deps/deps.sh
	@tests/deps/deps-net.sh || echo 'the tests of networks will be skipped'
	@$(MAKE) --no-print-directory -j$$(nproc) built
	@$(MAKE) --no-print-directory built-test
built: all $(UNIT_BIN) $(SIM_BIN) $(FUZZ_BIN) $(EXAMPLE_BIN)
built-test: lint unit sim fuzz-replay e2e
unit: $(UNIT_BIN)                          ## cmocka tests, one binary a module
	@tests/unit/run.sh $(UNIT_BIN)
sim: $(SIM_BIN)
	@for t in $(SIM_BIN); do echo "== $$t"; $$t || exit 1; done
# Preloaded by fault tests; a sanitizer's run-time does not share a process with it.
FAULTIO := $(if $(filter release debug cov,$(MODE)),$(BUILD)/faultio.so)
$(BUILD)/faultio.so: tests/e2e/faultio.c
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CPPFLAGS) -std=c17 $(WARN) -O1 -shared -fPIC -o $@ $< -ldl
# Driver, NVRTC and NVML for tests of the GPU's way without a GPU (tests/e2e/cuda-gpu.bats).
FAKECUDA := $(BUILD)/libfakecuda.so
FAKECUDA_SRC := tests/cuda/fakecuda.c $(addprefix libcommon/,exec/exec_cuda_source.c base/base_buf.c \
                base/base_mem.c base/base_num.c)
$(FAKECUDA): $(FAKECUDA_SRC) $(wildcard cuda/shim/*.h cuda/*.cu) cuda/run/run.h libcommon/exec/exec_cu.h
	@mkdir -p $(@D)
	$(call short,LD)$(CC) -I. $(ALL_CPPFLAGS) -std=c17 $(WARN) -O1 -shared -fPIC -o $@ $(FAKECUDA_SRC) -ldl
# Plays a node badly, one move at a time (tests/e2e/verify.bats).
ACTOR := $(BUILD)/actors/actor
$(BUILD)/actors/%: $(BUILD)/obj/tests/actors/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(call short,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
e2e: all examples $(SIM_BIN) $(FAULTIO) $(ACTOR) $(FAKECUDA)             ## Bats: real tools, files, crashes
	@BUILD=$(BUILD) tests/e2e/run.sh
fuzz-replay: $(FUZZ_BIN)                   ## the fuzz targets over their committed corpora
	@for t in $(FUZZ_BIN); do $$t tests/fuzz/corpus/$${t##*/fuzz_} || exit 1; done
fuzz:                                      ## libFuzzer, FUZZ_SECONDS (60) a target; needs clang
	@$(MAKE) --no-print-directory MODE=fuzz $(if $(filter command,$(origin BUILD)),BUILD=$(BUILD)/fuzz) built-fuzz
built-fuzz: $(FUZZ_BIN)
	@tests/fuzz/run.sh $(FUZZ_BIN)
soak: all $(SIM_BIN) $(BUILD)/unit/ledger/test_rule $(FAULTIO)            ## long campaigns: 200 kills, long walks, writers
	@BUILD=$(BUILD) tests/soak.sh
bench: all examples $(BENCH_BIN)                    ## JSON lines to stdout and bench/results/
	@BUILD=$(BUILD) bench/run.sh
lint: all man-lint                         ## layers, style limits, drift of options, pages, completions
	@BUILD=$(BUILD) tests/lint/run.sh
format:                                    ## clang-format every source in place
	@clang-format -i $$(git ls-files '*.c' '*.h')
ptx:                                       ## cuda/*.ptx anew from cuda/*.cu; needs nvcc
	@tests/cuda/ptx.sh write
completions: all                           ## write completions/ from the tools' option tables
	@BUILD=$(BUILD) tests/lint/make-completions.sh completions
man-lint:                                  ## mandoc's lint over man/
	@if command -v mandoc >/dev/null; then mandoc -Tlint -W warning man/*.[157]; \
	 else echo 'man-lint: skip: mandoc is not installed'; fi
deps:                                      ## install what the build needs; OpenSSL >= 3.5 if missing
	@tests/deps/deps.sh
deps-net:                                  ## install CometBFT for ogpu-node, once per user (needs Go)
	@tests/deps/deps-net.sh
install: all                               ## DESTDIR, PREFIX, BINDIR, MANDIR, UNITDIR and completion folders
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
	  $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 755 $(BINS) $(DESTDIR)$(BINDIR)
	for s in 1 5 7; do install -m 644 man/*.$$s $(DESTDIR)$(MANDIR)/man$$s; done
	install -d $(DESTDIR)$(UNITDIR)
	install -m 644 share/systemd/*.service $(DESTDIR)$(UNITDIR)
	install -m 644 completions/bash/* $(DESTDIR)$(BASHDIR)
	install -m 644 completions/zsh/* $(DESTDIR)$(ZSHDIR)
	install -m 644 completions/fish/* $(DESTDIR)$(FISHDIR)
uninstall:                                 ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(TOOLS))
	for f in share/systemd/*.service; do rm -f $(DESTDIR)$(UNITDIR)/$${f##*/}; done
	for s in 1 5 7; do for f in man/*.$$s; do rm -f $(DESTDIR)$(MANDIR)/man$$s/$${f##*/}; done; done
	for f in completions/bash/*; do rm -f $(DESTDIR)$(BASHDIR)/$${f##*/}; done
	for f in completions/zsh/*; do rm -f $(DESTDIR)$(ZSHDIR)/$${f##*/}; done
	for f in completions/fish/*; do rm -f $(DESTDIR)$(FISHDIR)/$${f##*/}; done
clean:                                     ## remove build/
	rm -rf build
help:                                      ## this list
	@awk -F'## ' '/^[a-z0-9-]+:.*## /{split($$1,a,":"); printf "  %-12s %s\n", a[1], $$2}' Makefile
	@echo '  MODE=release|debug|asan|fuzz|cov chooses the build (build/MODE/); V=1 shows the commands.'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

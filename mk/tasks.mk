# What people call.
# Integration tests mostly wait, each with daemons and ports of its own.
PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider \
	-n 4 --dist loadgroup
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
CODE_C_FILES = $(shell git ls-files -co --exclude-standard \
	'lib/*.c' 'geo/*.c' 'registry/*.c' 'balancer/*.c' 'comet-agent/*.c' \
	'client/*.c')

.PHONY: help run test test-unit test-sanitized test-integration lint format \
	fuzz-smoke fuzz-replay bench fresh clean deps-run deps-test

help:
	@echo "make run          start the demo; Ctrl-C stops it (RUN_SECONDS=30)"
	@echo "make install      programs, manual pages, completions, library"
	@echo "                  (PREFIX=/usr/local DESTDIR=)"
	@echo "make test         unit and integration tests, release and"
	@echo "                  sanitizers, thread tests, fuzz corpora"
	@echo "make test-web     the dashboard in Chromium (WORD=map)"
	@echo "make lint         layers, symbols, docs, sizes, clang-tidy, cppcheck"
	@echo "make format       clang-format over every C file"
	@echo "make fuzz-smoke   each fuzzer for FUZZ_SECONDS (10)"
	@echo "make dashboard    builds the dashboard's bundle (needs npm)"
	@echo "make sim-heartbeat   the adaptive heartbeat's table"
	@echo "make check-instructions  what one /resolve executes, to 3 %"
	@echo "make sim          the ranking's bars L1 to L14 (4 minutes)"
	@echo "make bench        measure beside nginx and print ratios"
	@echo "make fresh        run and test inside a bare Debian 12 root"
	@echo "make clean        remove build/ (var/ with the database stays)"

deps-run:
	@deploy/deps.sh run
deps-test:
	@deploy/deps.sh test

run: deps-run
	@deploy/geo.sh
	@$(MAKE) --no-print-directory -s -j2 all
	@RUN_SECONDS=$(RUN_SECONDS) deploy/demo/run.sh

test: deps-test
	@deploy/geo.sh
	@tools/test.sh

# Parts of `make test`, for one variant at a time.
test-unit: unit
test-integration: all $(BUILD)/bench/flood $(BUILD)/sim/sim
	@PERI_BUILD=$(CURDIR)/$(BUILD) $(PYTEST) tests/integration $(PYTEST_ARGS)

THREAD_TESTS = $(filter $(THREAD_TEST_NAMES:%=$(BUILD)/tests/unit/%),\
	$(UNIT_BINARIES))
THREAD_TEST_NAMES := lib-base/test_qsbr lib-base/test_slab lib-net/test_mailbox \
	lib-svc/test_worker registry/test_store_sqlite balancer/test_suspect_ring balancer/test_ratelimit
.PHONY: test-threads
test-threads: $(THREAD_TESTS)
	@tools/run_unit.sh $(THREAD_TESTS)

# Every fuzzer over its committed corpus, without clang.
fuzz-replay: fuzz-build
	@tools/fuzz_replay.sh $(BUILD)/fuzz

FUZZ_SECONDS ?= 10
fuzz-smoke:
	@deploy/deps.sh lint
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 VARIANT=fuzz fuzz-build
	@tools/fuzz_smoke.sh build/fuzz/fuzz $(FUZZ_SECONDS)

lint:
	@deploy/deps.sh lint
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 VARIANT=release all
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 VARIANT=clang all
	@tools/lint.sh

format:
	@deploy/deps.sh lint
	@clang-format-14 -i $(C_FILES)

fresh:
	@deploy/deps.sh fresh
	@tools/fresh.sh

clean:
	rm -rf build

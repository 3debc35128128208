# Unit tests: tests/unit/<module with - for />/test_x.c links that module's
# chain. tests/unit/lib-base/test_buf.c tests lib/base/buf.c; of a long one
# test_buf__subject.c is a part.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_BINARIES := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
test_module = $(patsubst lib-%,lib/%,$(patsubst client-cli,client/cli,$(1)))

define unit_rule
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o \
		$(call chain_archives,$(call test_module,$(1)))
	@mkdir -p $$(@D)
	@$$(CC) $$(LDFLAGS) -o $$@ $$^ \
		$(call chain_libs,$(call test_module,$(1))) -lcmocka
endef
UNIT_FOLDERS := $(sort $(patsubst tests/unit/%/,%,$(dir $(UNIT_SOURCES))))
$(foreach f,$(UNIT_FOLDERS),$(eval $(call unit_rule,$(f))))
.PRECIOUS: $(BUILD)/obj/tests/unit/%.o

.PHONY: unit-build unit
unit-build: $(UNIT_BINARIES)
unit: unit-build
	@tools/run_unit.sh $(UNIT_BINARIES)

# One test: make unit-one T=lib-base/test_buf VARIANT=asan
.PHONY: unit-one
unit-one: $(BUILD)/tests/unit/$(T)
	$(BUILD)/tests/unit/$(T)

# Fuzzers: tests/fuzz/fuzz_<module>__<what>.c defines LLVMFuzzerTestOneInput
# and links that module's chain ("fuzz_lib-proto__http1.c"). Without clang the
# same file is linked with tests/fuzz/replay.c, which runs the corpus.
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(FUZZ_SOURCES))
fuzz_module = $(call test_module,$(firstword $(subst __, ,$(patsubst fuzz_%,%,$(1)))))

define fuzz_rule
$(BUILD)/fuzz/$(1): $(BUILD)/obj/tests/fuzz/$(1).o \
		$(if $(filter fuzz,$(VARIANT)),,$(BUILD)/obj/tests/fuzz/replay.o) \
		$(call chain_archives,$(call fuzz_module,$(1)))
	@mkdir -p $$(@D)
	@$$(CC) $$(LDFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) \
		-o $$@ $$^ $(call chain_libs,$(call fuzz_module,$(1)))
endef
$(foreach f,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(f))))

.PHONY: fuzz-build
fuzz-build: $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)

# Benchmarks: tests/bench/bench_<module>__<what>.c has a main(), prints
# "name value unit" lines and links that module's chain.
BENCH_SOURCES := $(wildcard tests/bench/bench_*.c)
BENCH_NAMES := $(patsubst tests/bench/%.c,%,$(BENCH_SOURCES))
bench_module = $(call test_module,$(firstword $(subst __, ,$(patsubst bench_%,%,$(1)))))

define bench_rule
$(BUILD)/bench/$(1): $(BUILD)/obj/tests/bench/$(1).o \
		$(call chain_archives,$(call bench_module,$(1)))
	@mkdir -p $$(@D)
	@$$(CC) $$(LDFLAGS) -o $$@ $$^ \
		$(call chain_libs,$(call bench_module,$(1)))
endef
$(foreach b,$(BENCH_NAMES),$(eval $(call bench_rule,$(b))))

.PHONY: bench-build
bench-build: $(BENCH_NAMES:%=$(BUILD)/bench/%)

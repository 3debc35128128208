# Simulators: tests/sim/<name>/*.c make one program that links the real code.
HEARTBEAT_SIM_SOURCES := $(wildcard tests/sim/heartbeat/*.c)
HEARTBEAT_SIM_OBJECTS := $(HEARTBEAT_SIM_SOURCES:%.c=$(BUILD)/obj/%.o)

$(BUILD)/sim/sim_heartbeat: $(HEARTBEAT_SIM_OBJECTS) \
		$(call chain_archives,client)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(call chain_libs,client)

# The adaptive heartbeat's table and bars; SIM_SEEDS="FIRST COUNT".
.PHONY: sim-heartbeat
sim-heartbeat: $(BUILD)/sim/sim_heartbeat
	@$(BUILD)/sim/sim_heartbeat $(SIM_SEEDS)

RANKING_SIM_SOURCES := $(wildcard tests/sim/ranking/*.c)
RANKING_SIM_OBJECTS := $(RANKING_SIM_SOURCES:%.c=$(BUILD)/obj/%.o)

$(BUILD)/sim/sim: $(RANKING_SIM_OBJECTS) $(call chain_archives,balancer)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(call chain_libs,balancer)

# Its own tests count among the unit tests.
RANKING_SIM_TESTS := $(patsubst tests/sim/ranking/test/%.c, \
	$(BUILD)/tests/unit/sim/%,$(wildcard tests/sim/ranking/test/test_*.c))
$(RANKING_SIM_TESTS): $(BUILD)/tests/unit/sim/%: \
		$(BUILD)/obj/tests/sim/ranking/test/%.o \
		$(filter-out %/sim_ranking.o,$(RANKING_SIM_OBJECTS)) \
		$(call chain_archives,balancer)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(call chain_libs,balancer) -lcmocka
unit-build: $(RANKING_SIM_TESTS)
UNIT_BINARIES += $(RANKING_SIM_TESTS)

# The ranking's bars L1 to L14; SIM_ARGS="--quick" or "--only L6 --seed 5".
.PHONY: sim
sim: $(BUILD)/sim/sim $(BUILD)/bench/bench_balancer__snapshot
	@$(BUILD)/sim/sim --accept $(SIM_ARGS)

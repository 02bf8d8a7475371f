# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzing (docs/fuzzing.md):
#   build/fuzz/<target>        libFuzzer, ASan, UBSan; clang (develop layer)
#   build/host/fuzz-replay     the same targets over a fixed set of inputs; gcc, part of `make test`
#   make fuzz [MINUTES=10] [TARGETS="config msix"]
#   make prove-fuzz            each target finds a bug planted for it (tests/fuzz/planted)

FUZZ_OUT := $(BUILD)/fuzz
FUZZ_TARGETS := $(shell sed -n 's/^FUZZ_TARGET(\(.*\))$$/\1/p' tests/fuzz/targets.h)
FUZZ_CC := $(or $(shell command -v clang-19),clang)
FUZZ_CFLAGS := -std=c11 -O1 -g -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(WARNINGS)
# The fuzzer follows what the engine does; models and oracles would drown it, and slow it down four times.
FUZZ_FOLLOW := -fsanitize=fuzzer-no-link
# Every mapping of a zone's CPUs passes through the accounts of world.c.
FUZZ_LDFLAGS := -Wl,--wrap=host_map_guest,--wrap=host_unmap_guest

# The hypervisor's surroundings (hv.c) belong to tests of hv-glue.
FUZZ_MODEL_SRC := $(filter-out tests/models/hv.c,$(wildcard tests/models/*.c))
FUZZ_HARNESS_SRC := $(filter-out tests/fuzz/libfuzzer.c tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FUZZ_SRC := $(ENGINE_SRC) $(FUZZ_MODEL_SRC) $(FUZZ_HARNESS_SRC)
FUZZ_OBJ := $(patsubst %.c,$(FUZZ_OUT)/obj/%.o,$(FUZZ_SRC))
REPLAY_OBJ := $(patsubst %.c,$(HOST_OUT)/test/%.o,$(FUZZ_SRC) tests/fuzz/replay.c)

# Device trees to begin with, one folder per target that reads them.
FUZZ_SEEDS := $(FUZZ_OUT)/seeds/.done
FUZZ_DTS := $(wildcard manifests/*.dts tests/fixtures/manifest/*.dts tests/fixtures/machine/*.dts)

.PHONY: fuzz-targets
fuzz: fuzz-targets
	@MINUTES=$(or $(MINUTES),10) tests/fuzz/run $(or $(TARGETS),$(FUZZ_TARGETS))

prove-fuzz:
	@tests/fuzz/prove

fuzz-targets: $(addprefix $(FUZZ_OUT)/,$(FUZZ_TARGETS)) $(FUZZ_SEEDS)
	@:

$(FUZZ_SEEDS): $(FUZZ_DTS) tests/fuzz/seeds
	$(call say,SEEDS,$(@D))
	$(Q)tests/fuzz/seeds $(@D)
	@touch $@

$(FUZZ_OUT)/obj/%.o: %.c $(FUZZ_OUT)/flags
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_FOLLOW) $(HV_ENGINE_INC) -MMD -MP -c -o $@ $<

$(FUZZ_OUT)/obj/tests/%.o: tests/%.c $(FUZZ_OUT)/flags
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(HV_GLUE_INC) -Itests -Itests/models -MMD -MP -c -o $@ $<

$(addprefix $(FUZZ_OUT)/,$(FUZZ_TARGETS)): $(FUZZ_OUT)/%: $(FUZZ_OBJ) tests/fuzz/libfuzzer.c
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $(HV_ENGINE_INC) -DTARGET=fuzz_$* $(FUZZ_LDFLAGS) \
		-o $@ tests/fuzz/libfuzzer.c $(FUZZ_OBJ) -lfdt

$(HOST_OUT)/fuzz-replay: $(REPLAY_OBJ)
	$(call say,TESTLD,$@)
	$(Q)$(HOST_CC) -fsanitize=address,undefined $(FUZZ_LDFLAGS) -o $@ $^ -lfdt

$(FUZZ_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_FOLLOW) $(FUZZ_LDFLAGS)' | cmp -s - $@ || echo '$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_FOLLOW) $(FUZZ_LDFLAGS)' > $@

-include $(FUZZ_OBJ:.o=.d) $(REPLAY_OBJ:.o=.d)

# SPDX-License-Identifier: GPL-2.0-or-later
#
# Line coverage of the engine by the unit tests and the fuzz targets' fixed inputs (docs/fuzzing.md).
# Built apart, without sanitizers, in build/coverage.

COVERAGE_OUT := $(BUILD)/coverage
COVERAGE_CFLAGS := -std=c11 -O0 -g -D_GNU_SOURCE --coverage -fprofile-abs-path $(WARNINGS)
COVERAGE_OBJ := $(patsubst %.c,$(COVERAGE_OUT)/obj/%.o,$(sort $(TEST_SRC) $(ENGINE_SRC) $(HV_TESTED_SRC) \
	$(FUZZ_SRC) tests/fuzz/replay.c))
COVERAGE_UNIT := $(filter-out $(COVERAGE_OUT)/obj/tests/fuzz/%,$(COVERAGE_OBJ))
COVERAGE_REPLAY := $(patsubst %.c,$(COVERAGE_OUT)/obj/%.o,$(FUZZ_SRC) tests/fuzz/replay.c)

coverage: $(COVERAGE_OUT)/unit-tests $(COVERAGE_OUT)/fuzz-replay
	@tools/make/coverage $(COVERAGE_OUT)

$(COVERAGE_OUT)/obj/%.o: %.c $(COVERAGE_OUT)/flags
	$(call say,COVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(COVERAGE_CFLAGS) $(HV_ENGINE_INC) -MMD -MP -c -o $@ $<

$(COVERAGE_OUT)/obj/hv-glue/%.o: hv-glue/%.c $(COVERAGE_OUT)/flags
	$(call say,COVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(COVERAGE_CFLAGS) $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(COVERAGE_OUT)/obj/tests/%.o: tests/%.c $(COVERAGE_OUT)/flags
	$(call say,COVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(COVERAGE_CFLAGS) $(HV_GLUE_INC) -Itests -Itests/models -Itests/unit -MMD -MP -c -o $@ $<

$(COVERAGE_OUT)/unit-tests: $(COVERAGE_UNIT)
	$(call say,COVLD,$@)
	$(Q)$(HOST_CC) --coverage -o $@ $^ -lcunit -lfdt

$(COVERAGE_OUT)/fuzz-replay: $(COVERAGE_REPLAY)
	$(call say,COVLD,$@)
	$(Q)$(HOST_CC) --coverage $(FUZZ_LDFLAGS) -o $@ $^ -lfdt

$(COVERAGE_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HOST_CC) $(COVERAGE_CFLAGS)' | cmp -s - $@ || echo '$(HOST_CC) $(COVERAGE_CFLAGS)' > $@

-include $(COVERAGE_OBJ:.o=.d)

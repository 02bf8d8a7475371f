# SPDX-License-Identifier: GPL-2.0-or-later
#
# The hypervisor for ARCH (aarch64, loongarch64): engine, platforms and hv-glue in one static PIE.
#   build/aarch64/postern.elf      what QEMU's -kernel takes, with symbols
#   build/aarch64/postern.Image    the same as a flat arm64 Image
#   build/loongarch64/postern.elf  what QEMU's -kernel takes, with symbols
#   build/loongarch64/BOOTLOONGARCH64.EFI  the same as a UEFI application
# CC=clang builds it with clang (in build/ARCH-clang). No libc: the only library is the target's
# libfdt.a as the distribution ships it. Everything is compiled for both; an image holds what its
# entry refers to.

ARCH ?= aarch64
CC := gcc
HV_TRIPLE := $(ARCH)-linux-gnu
HV_ARCH := hv-glue/arch/$(ARCH)
HV_CLANG := $(findstring clang,$(CC))
HV_OUT := $(BUILD)/$(ARCH)$(if $(HV_CLANG),-clang)

ifeq ($(ARCH),aarch64)
HV_ARCH_FLAGS := -mgeneral-regs-only -mno-outline-atomics
HV_LIBFDT := /usr/lib/aarch64-linux-gnu/libfdt.a
HV_IMAGE := $(HV_OUT)/postern.Image
HV_PAGE := 4096
else ifeq ($(ARCH),loongarch64)
# No option forbids floating-point registers and keeps the ABI of libfdt.a, so each is taken away by
# name; clang cannot do that. Either way an instruction that uses one traps.
HV_FP_REGISTERS := 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
HV_ARCH_FLAGS := -march=loongarch64 -mabi=lp64d -mno-lsx \
	$(if $(HV_CLANG),,$(addprefix -ffixed-f,$(HV_FP_REGISTERS)))
HV_ARCH_INC := -I$(HV_ARCH)/libfdt
HV_LIBFDT := /opt/forky/usr/lib/loongarch64-linux-gnu/libfdt.a
HV_IMAGE := $(HV_OUT)/BOOTLOONGARCH64.EFI
HV_PAGE := 4096
else
$(error ARCH=$(ARCH): there are aarch64 and loongarch64)
endif

ifneq ($(HV_CLANG),)
HV_CC := $(or $(shell command -v clang-19),clang) --target=$(HV_TRIPLE)
HV_ARCH_FLAGS += -Wno-unused-command-line-argument
else
HV_CC := $(HV_TRIPLE)-gcc
endif
HV_OBJCOPY := $(HV_TRIPLE)-objcopy
HV_SIZE := $(HV_TRIPLE)-size

HV_ENGINE_SRC := $(wildcard core/*.c pci/*.c iommu/*.c irq/*.c platforms/*.c platforms/*/*.c)
HV_GLUE_SRC := $(wildcard hv-glue/*.c hv-glue/bringup/*.c hv-glue/efi/*.c $(HV_ARCH)/*.c $(HV_ARCH)/*.S)
HV_OBJ := $(addprefix $(HV_OUT)/,$(addsuffix .o,$(basename $(HV_ENGINE_SRC) $(HV_GLUE_SRC))))
HV_LDS := $(HV_ARCH)/hypervisor.lds

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
HV_CFLAGS := -std=c11 -ffreestanding -fpie -fvisibility=hidden -mstrict-align $(HV_ARCH_FLAGS) \
	-fno-stack-protector -fno-common -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -O2 -g $(WARNINGS) $(CFLAGS_EXTRA)
HV_ENGINE_INC := -Iinclude $(HV_ARCH_INC)
HV_GLUE_INC := -I. -Iinclude -Ihv-glue -Ihv-glue/include -I$(HV_ARCH)/include $(HV_ARCH_INC)
HV_LDFLAGS := -nostdlib -static -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,text \
	-Wl,-z,max-page-size=$(HV_PAGE) -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--build-id=none

# V=1 shows the commands; -s shows nothing.
Q := $(if $(V),,@)
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(V)$(silent),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# The objects alone, for a build that only asks whether the sources compile.
.PHONY: hypervisor-objects
hypervisor-objects: $(HV_OBJ)

hypervisor: $(HV_OUT)/postern.elf $(HV_IMAGE)
	@:

# Rebuild when the flags change, not only when a source does.
$(HV_OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HV_CC) $(HV_CFLAGS) $(HV_LDFLAGS)' | cmp -s - $@ || echo '$(HV_CC) $(HV_CFLAGS) $(HV_LDFLAGS)' > $@
FORCE:
.PHONY: FORCE

$(HV_OUT)/hv-glue/%.o: hv-glue/%.c $(HV_OUT)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/hv-glue/%.o: hv-glue/%.S $(HV_OUT)/flags
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) -D__ASSEMBLY__ $(HV_GLUE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/%.o: %.c $(HV_OUT)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HV_CC) $(HV_CFLAGS) $(HV_ENGINE_INC) -MMD -MP -c -o $@ $<

$(HV_OUT)/postern.elf: $(HV_OBJ) $(HV_LDS)
	$(call say,LD,$@)
	$(Q)$(HV_TRIPLE)-gcc $(HV_LDFLAGS) -T $(HV_LDS) -o $@ $(HV_OBJ) $(HV_LIBFDT)

$(HV_IMAGE): $(HV_OUT)/postern.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(HV_OBJCOPY) -O binary $< $@

size: $(HV_OUT)/postern.elf
	@$(HV_SIZE) $<

-include $(HV_OBJ:.o=.d)

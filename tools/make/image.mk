# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a board boots: the image as a UEFI application, in a folder laid out as its EFI partition.
#   make image PLATFORM=loongarch-3a6000 [BUNDLE=FILE]
#     build/loongarch64/BOOTLOONGARCH64.EFI
#     build/loongarch64/esp/    the same as EFI/BOOT/BOOTLOONGARCH64.EFI, and postern/ with the bundle
# One image serves every platform of its architecture (platforms/registry.c): PLATFORM says which
# architecture that is. docs/boards/ says what to do with it.

IMAGE_ARCH := $(if $(filter loongarch-%,$(PLATFORM)),loongarch64,$(ARCH))

.PHONY: image esp
image:
	@[[ -d platforms/$(PLATFORM) ]] || { \
		echo "no platform $(PLATFORM); there are: $$(cd platforms && printf '%s ' */ | tr -d /)"; exit 1; }
	@[[ $(IMAGE_ARCH) == loongarch64 ]] || { \
		echo "PLATFORM=$(PLATFORM): UEFI images are made for loongarch64; make hypervisor makes what others boot"; \
		exit 1; }
	+@$(MAKE) --no-print-directory ARCH=$(IMAGE_ARCH) esp

ESP := $(HV_OUT)/esp
esp: $(HV_IMAGE)
	@rm -rf $(ESP)
	@mkdir -p $(ESP)/EFI/BOOT $(ESP)/postern
	@cp $(HV_IMAGE) $(ESP)/EFI/BOOT/
	@$(if $(BUNDLE),cp $(BUNDLE) $(ESP)/postern/bundle)
	@echo "$(HV_IMAGE): $$(stat -c %s $(HV_IMAGE)) bytes; copy what is in $(ESP) to the EFI partition"

# Both architectures' hypervisors, whatever ARCH is.
.PHONY: hypervisor-aarch64 hypervisor-loongarch64
hypervisor-aarch64 hypervisor-loongarch64: hypervisor-%:
	+@$(MAKE) --no-print-directory ARCH=$* hypervisor

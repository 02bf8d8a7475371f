// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INTx for zones: which functions are given their line, what the zone sees of it, and that the hardware may
 * raise it only while its owner may be interrupted. Over the shipped life cycle and virtual bus; the lines
 * themselves are the model host's (the controller's side: test_vgic_line.c).
 */
#include "security-fixture.h"

#define INTX_OFF 0x400u
#define IRQ_BASE 35u /* QEMU's */

static struct pci_function *drive, *card;
static struct model_pci_function *drive_hw, *card_hw;

/* Wired as common: device d's pin p raises line (d + p) mod 4. */
static void wire(void)
{
	for (unsigned d = 0; d < PCI_SLOTS; d++)
		for (unsigned p = 0; p < PCI_INTX_LINES; p++)
			machine.host.intx[d][p] = IRQ_BASE + (d + p) % 4;
}

static void setup(void)
{
	secure_setup(secure_tree);
	wire();
	drive = model_function(1, 0, 0);
	card = model_function(2, 0, 0);
	drive_hw = model_pci_at(1, 0);
	card_hw = model_pci_at(2, 0);
	drive->interrupt_pin = card->interrupt_pin = 1; /* behind devices 2 and 3 */
}

/* Both raise the drive's line. */
static void setup_shared(void)
{
	setup();
	card->interrupt_pin = 4;
	CU_ASSERT_EQUAL(pci_intx_irq(drive), pci_intx_irq(card));
}

static void lines_only(struct pci_function *f)
{
	f->msi.vectors = 0;
	f->msix.entries = 0;
}

static unsigned pin(unsigned zone, const struct pci_function *f)
{
	return (unsigned)secure_rd(zone, f, PCI_INTERRUPT_PIN, 1);
}

/* The device may raise its line. */
static bool may_raise(const struct model_pci_function *hw)
{
	return !(model_pci_get(hw, PCI_COMMAND, 2) & INTX_OFF);
}

/* The line of the zone's host bridge at which a pin ends, as its kernel works it out. */
static unsigned zone_line(unsigned zone, const struct pci_function *f, unsigned p)
{
	struct vpci *v = machine.zones[zone].v;
	sbdf_t at = vpci_where(v, f);
	unsigned line = p - 1 + sbdf_dev(at);

	for (unsigned d = 0; sbdf_bus(at) && d < 32; d++) {
		uint32_t buses = (uint32_t)vpci_config_read(v, 0, d << 3, PCI_PRIMARY_BUS, 4);
		uint8_t type = (uint8_t)vpci_config_read(v, 0, d << 3, PCI_HEADER_TYPE, 1);

		if ((type & 0x7f) == 1 && (buses >> 8 & 0xff) == sbdf_bus(at))
			return (line + d) % 4;
	}
	return line % 4;
}

/* ---- the wiring ---- */

static void the_interrupt_of_a_pin_is_the_host_bridges(void)
{
	setup();
	CU_ASSERT_EQUAL(pci_intx_irq(drive), 37);
	CU_ASSERT_EQUAL(pci_intx_irq(card), 38);
	drive->interrupt_pin = 3;
	CU_ASSERT_EQUAL(pci_intx_irq(drive), 35);
	drive->interrupt_pin = 0;
	CU_ASSERT_EQUAL(pci_intx_irq(drive), 0);
	drive->interrupt_pin = 5;
	CU_ASSERT_EQUAL(pci_intx_irq(drive), 0);
	machine.host.intx[3][0] = 0;
	CU_ASSERT_EQUAL(pci_intx_irq(card), 0);
}

static void the_pin_shown_ends_at_the_line_given(void)
{
	sbdf_t places[] = { SBDF_NONE, sbdf_make(0, 0, 7, 0), sbdf_make(0, 0, 30, 0),
			    sbdf_make(0, 5, 0, 0) };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		for (uint8_t p = 1; p <= 4; p++) {
			unsigned shown;

			setup();
			drive->interrupt_pin = p;
			CU_ASSERT_EQUAL_FATAL(
				device_assign(secure_zone(1), drive, places[i], SBDF_NONE), 0);
			shown = pin(1, drive);
			CU_ASSERT(shown >= 1 && shown <= 4);
			/* Free as it was, it is the physical line's number. */
			CU_ASSERT_EQUAL(zone_line(1, drive, shown), (2 + p - 1u) % 4);
			CU_ASSERT_EQUAL(drive->intx_line, 1 + (2 + p - 1u) % 4);
			secure_wr(1, drive, PCI_INTERRUPT_LINE, 2, 0x3377);
			CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_INTERRUPT_LINE, 2),
					shown << 8 | 0x77);
		}
	}
}

static void lines_apart_stay_apart(void)
{
	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
	CU_ASSERT_NOT_EQUAL(zone_line(1, drive, pin(1, drive)), zone_line(1, card, pin(1, card)));
}

static int no_line_is_left(bool attach)
{
	return attach ? -ENOSPC : 0;
}

static int nobody_lets_go(bool attach)
{
	return attach ? 0 : -ETIMEDOUT;
}

static void without_a_table_no_pin_is_shown(void)
{
	setup();
	memset(machine.host.intx, 0, sizeof(machine.host.intx));
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(pin(1, drive), 0);
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	/* Nor where the host has no line left. */
	setup();
	model_line_answers(no_line_is_left);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(model_log_contains("has no INTx"));
	CU_ASSERT_EQUAL(pin(1, drive), 0);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
}

/* ---- when the device may raise it ---- */

static void intx_disable_is_the_zones_until_messages_are_on(void)
{
	unsigned msix;

	setup();
	msix = drive->caps.msix + PCI_MSIX_FLAGS;
	CU_ASSERT_FALSE(may_raise(drive_hw));
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(may_raise(drive_hw));
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MASTER | INTX_OFF);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_COMMAND, 2), PCI_COMMAND_MASTER | INTX_OFF);
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CU_ASSERT(may_raise(drive_hw));
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, PCI_COMMAND, 2),
			PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* MSI-X on: the view keeps what was written. */
	secure_wr(1, drive, msix, 2, PCI_MSIX_FLAGS_ENABLE);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_COMMAND, 2),
			PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	secure_wr(1, drive, msix, 2, 0);
	CU_ASSERT(may_raise(drive_hw));
}

static void msi_keeps_it_off_too(void)
{
	unsigned msi;

	secure_setup("02.0 port\n  00.0 ep id=1af4:5001 bar0=m32:16K msi=1 flr\n");
	wire();
	drive = model_function(1, 0, 0);
	drive_hw = model_pci_at(1, 0);
	drive->interrupt_pin = 2;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	msi = drive->caps.msi + PCI_MSI_FLAGS;
	CU_ASSERT(may_raise(drive_hw));
	secure_wr(1, drive, msi, 2, PCI_MSI_FLAGS_ENABLE);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	secure_wr(1, drive, msi, 2, 0);
	CU_ASSERT(may_raise(drive_hw));
}

static void interrupt_status_is_the_hardwares(void)
{
	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
	drive_hw->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT,
			PCI_STATUS_INTERRUPT);
}

static void c15_a_reset_by_the_zone_keeps_it_off_meanwhile(void)
{
	unsigned devctl;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MASTER | INTX_OFF);
	devctl = drive->caps.pcie + PCI_EXP_DEVCTL;
	drive_hw->stuck_pending = true; /* it waits before the reset proper */
	secure_wr(1, drive, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_COMMAND, 2), 0xffff);
	drive_hw->stuck_pending = false;
	for (unsigned i = 0; i < 30; i++) {
		model_time_advance_ns(100000000);
		secure_rd(1, drive, PCI_COMMAND, 2);
	}
	CU_ASSERT_EQUAL(drive_hw->resets, 1);
	/* As at power-on: not disabled; and the pin is still there. */
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_COMMAND, 2), 0);
	CU_ASSERT(may_raise(drive_hw));
	CU_ASSERT(pin(1, drive) != 0);
	CU_ASSERT_EQUAL(model_line_owner(37, NULL), secure_zone(1));
}

static void a_lost_function_raises_nothing(void)
{
	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	drive_hw->write[PCI_COMMAND] &= (uint8_t)~PCI_COMMAND_MASTER; /* it does not follow */
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	CU_ASSERT_EQUAL(secure_rd(1, drive, PCI_COMMAND, 2), 0xffff);
	CU_ASSERT_FALSE(may_raise(drive_hw));
}

/* ---- taking it back ---- */

static void c6_a_released_device_is_off_its_line_before_anything_else(void)
{
	struct device_quiesce q;
	int err;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(model_line_owner(37, NULL), secure_zone(1));
	drive_hw->stuck_pending = true; /* quiescing lasts */
	err = device_quiesce_start(&q, secure_zone(1), drive);
	CU_ASSERT_EQUAL(err, -EAGAIN);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	/* The line is the zone's until the device is blocked: nobody else gets what it may still hold. */
	CU_ASSERT_EQUAL(model_line_owner(37, NULL), secure_zone(1));
	drive_hw->stuck_pending = false;
	drive_hw->config[drive->caps.pcie + PCI_EXP_DEVSTA] &= (uint8_t)~PCI_EXP_DEVSTA_TRPND;
	CU_ASSERT_EQUAL(secure_finish(&q, err), 0);
	CU_ASSERT_PTR_NULL(model_line_owner(37, NULL));
	CU_ASSERT_EQUAL(drive->intx_line, 0);
	CU_ASSERT_FALSE(may_raise(drive_hw));
	/* And it can be another zone's. */
	CU_ASSERT_EQUAL(secure_give(0, drive), 0);
	CU_ASSERT_EQUAL(model_line_owner(37, NULL), secure_zone(0));
	CU_ASSERT(pin(0, drive) != 0);
}

static void c6_a_line_that_does_not_come_back_is_a_failed_device(void)
{
	setup_shared();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	model_line_answers(nobody_lets_go);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), -ENODEV);
	CU_ASSERT_EQUAL(drive->state, DEVICE_FAILED);
	CU_ASSERT_STRING_EQUAL(drive->failure, "its interrupt line could not be taken back");
	/* Nobody else is given that line. */
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	CU_ASSERT_EQUAL(pin(0, card), 0);
	CU_ASSERT_FALSE(may_raise(card_hw));
}

static void c6_a_refused_assignment_keeps_no_line(void)
{
	sbdf_t taken;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
	taken = vpci_where(machine.zones[1].v, card);
	CU_ASSERT_NOT_EQUAL(device_assign(secure_zone(1), drive, taken, SBDF_NONE), 0);
	CU_ASSERT_PTR_NULL(model_line_owner(37, NULL));
	CU_ASSERT_EQUAL(drive->intx_line, 0);
	CU_ASSERT_FALSE(may_raise(drive_hw));
}

/* ---- sharing ---- */

static void c10_a_line_that_two_zones_share_is_given_to_neither(void)
{
	for (unsigned first = 0; first < 2; first++) {
		setup_shared();
		drive->planned = secure_zone(1);
		card->planned = secure_zone(0);
		CU_ASSERT_EQUAL(secure_give(first, first ? drive : card), 0);
		CU_ASSERT_EQUAL(secure_give(!first, first ? card : drive), 0);
		CU_ASSERT(model_log_contains("shared-intx"));
		CU_ASSERT_EQUAL(pin(1, drive), 0);
		CU_ASSERT_EQUAL(pin(0, card), 0);
		/* Whatever they write. */
		secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		secure_wr(0, card, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		CU_ASSERT_FALSE(may_raise(drive_hw));
		CU_ASSERT_FALSE(may_raise(card_hw));
		CU_ASSERT_PTR_NULL(model_line_owner(37, NULL));
	}
}

static void c10_whoever_comes_later_to_a_line_does_without(void)
{
	setup_shared();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	CU_ASSERT(pin(1, drive) != 0);
	CU_ASSERT_EQUAL(pin(0, card), 0);
	secure_wr(0, card, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	CU_ASSERT_FALSE(may_raise(card_hw));
	CU_ASSERT_EQUAL(model_line_owner(37, NULL), secure_zone(1));
}

static void c10_one_that_has_nothing_else_is_refused(void)
{
	/* The line is somebody's already. */
	setup_shared();
	lines_only(card);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	model_log_clear();
	CU_ASSERT_EQUAL(secure_give(0, card), -EPERM);
	CU_ASSERT(model_log_contains("zone root: device 0000:02:00.0"));
	CU_ASSERT(
		model_log_contains("0000:01:00.0 of guest is on its interrupt line (shared-intx)"));
	CU_ASSERT(model_log_contains("give both to one zone"));
	CU_ASSERT_PTR_NULL(card->owner);
	/* Both have nothing else. */
	setup_shared();
	lines_only(card);
	lines_only(drive);
	drive->planned = secure_zone(1);
	CU_ASSERT_EQUAL(secure_give(0, card), -EPERM);
}

static void c10_one_that_has_nothing_else_goes_before_one_that_sends_messages(void)
{
	for (unsigned first = 0; first < 2; first++) {
		setup_shared();
		lines_only(card);
		drive->planned = secure_zone(1);
		card->planned = secure_zone(0);
		CU_ASSERT_EQUAL(secure_give(first, first ? drive : card), 0);
		CU_ASSERT_EQUAL(secure_give(!first, first ? card : drive), 0);
		CU_ASSERT_EQUAL(pin(1, drive), 0);
		CU_ASSERT_FALSE(may_raise(drive_hw));
		CU_ASSERT(pin(0, card) != 0);
		CU_ASSERT(may_raise(card_hw));
	}
}

static void functions_of_one_zone_share_a_line(void)
{
	unsigned users;

	setup_shared();
	drive->planned = card->planned = secure_zone(1);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
	CU_ASSERT_EQUAL(zone_line(1, drive, pin(1, drive)), zone_line(1, card, pin(1, card)));
	CU_ASSERT_EQUAL(model_line_owner(37, &users), secure_zone(1));
	CU_ASSERT_EQUAL(users, 2);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(model_line_owner(37, &users), secure_zone(1));
	CU_ASSERT_EQUAL(users, 1);
	CU_ASSERT(may_raise(card_hw));
	CU_ASSERT_EQUAL(secure_take_back(1, card), 0);
	CU_ASSERT_PTR_NULL(model_line_owner(37, NULL));
}

/* Two wires of the board into one input of the controller. */
static void c10_lines_are_told_apart_by_the_controllers_input(void)
{
	setup();
	machine.host.intx[3][0] = machine.host.intx[2][0];
	drive->planned = secure_zone(1);
	card->planned = secure_zone(0);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(pin(1, drive), 0);
}

/* What the engine cannot keep off a line makes it nobody's; INTx Disable came with PCI 2.3. */
static void c10_a_function_that_cannot_be_kept_off_takes_the_line_away(void)
{
	setup_shared();
	card->snapshot[PCI_COMMAND + 1] = 0;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(pin(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	CU_ASSERT_EQUAL(pin(0, card), 0);
}

void suite_intx(void)
{
	static const struct unit_test tests[] = {
		TEST(the_interrupt_of_a_pin_is_the_host_bridges),
		TEST(the_pin_shown_ends_at_the_line_given),
		TEST(lines_apart_stay_apart),
		TEST(without_a_table_no_pin_is_shown),
		TEST(intx_disable_is_the_zones_until_messages_are_on),
		TEST(msi_keeps_it_off_too),
		TEST(interrupt_status_is_the_hardwares),
		TEST(c15_a_reset_by_the_zone_keeps_it_off_meanwhile),
		TEST(a_lost_function_raises_nothing),
		TEST(c6_a_released_device_is_off_its_line_before_anything_else),
		TEST(c6_a_line_that_does_not_come_back_is_a_failed_device),
		TEST(c6_a_refused_assignment_keeps_no_line),
		TEST(c10_a_line_that_two_zones_share_is_given_to_neither),
		TEST(c10_whoever_comes_later_to_a_line_does_without),
		TEST(c10_one_that_has_nothing_else_is_refused),
		TEST(c10_one_that_has_nothing_else_goes_before_one_that_sends_messages),
		TEST(functions_of_one_zone_share_a_line),
		TEST(c10_lines_are_told_apart_by_the_controllers_input),
		TEST(c10_a_function_that_cannot_be_kept_off_takes_the_line_away),
	};

	unit_suite("intx", tests, ARRAY_SIZE(tests));
}

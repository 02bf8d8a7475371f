// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The framebuffer console: what is lit on a framebuffer that is a model of video memory: every
 * access inside it, 32 bits wide, no read. Includes the source for its state.
 */
#include "../../hv-glue/screen.c"

#include "host.h"
#include "unit.h"

#include <string.h>

#define BASE   ((hpa_t)0x40000000)
#define WIDTH  320u
#define HEIGHT 200u
#define STRIDE 336u /* wider than what is visible */

static uint32_t memory[HEIGHT * STRIDE];

static uint64_t memory_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	(void)size;
	model_fail("video memory is read at 0x%llx", (unsigned long long)offset);
	return 0;
}

static void memory_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	if (size != 4 || offset / 4 % STRIDE >= WIDTH)
		model_fail("write of %u bytes at 0x%llx", size, (unsigned long long)offset);
	memory[offset / 4] = (uint32_t)value;
}

static const struct model_mmio_ops memory_ops = { .read = memory_read, .write = memory_write };

static const struct screen_info usual = {
	.base = BASE,
	.size = sizeof(memory),
	.width = WIDTH,
	.height = HEIGHT,
	.stride = STRIDE,
};

static bool fresh(const struct screen_info *info)
{
	model_reset();
	memset(&screen, 0, sizeof(screen));
	memset(memory, 0xa5, sizeof(memory));
	model_mmio_add(BASE, sizeof(memory), &memory_ops, NULL);
	return screen_init(info);
}

static void print(const char *text)
{
	for (; *text; text++)
		screen_put((uint8_t)*text);
}

/* Whether the cell shows the character, dot by dot. */
static bool shows(unsigned row, unsigned column, char c)
{
	for (unsigned y = 0; y < FONT_HEIGHT; y++)
		for (unsigned x = 0; x < FONT_WIDTH; x++) {
			const uint32_t pixel =
				memory[(row * FONT_HEIGHT + y) * STRIDE + column * FONT_WIDTH + x];
			const bool lit = font_line((uint8_t)c, y) >> (FONT_WIDTH - 1 - x) & 1;

			if ((pixel != 0) != lit)
				return false;
		}
	return true;
}

static bool shows_text(unsigned row, const char *text)
{
	for (unsigned i = 0; text[i]; i++)
		if (!shows(row, i, text[i]))
			return false;
	return true;
}

static void it_begins_empty(void)
{
	CU_ASSERT_TRUE(fresh(&usual));
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++)
			if (memory[y * STRIDE + x])
				CU_FAIL_FATAL("something is lit");
}

static void text_stands_where_it_should(void)
{
	fresh(&usual);
	print("Hello\r\n[    1.5] second");
	CU_ASSERT_TRUE(shows_text(0, "Hello "));
	CU_ASSERT_TRUE(shows_text(1, "[    1.5] second "));
}

static void control_characters_move(void)
{
	fresh(&usual);
	print("abc\b\bX\r\tY\a");
	CU_ASSERT_TRUE(shows_text(0, "aXc     Y "));
}

static void a_long_line_goes_on_below(void)
{
	const unsigned columns = WIDTH / FONT_WIDTH;

	fresh(&usual);
	for (unsigned i = 0; i < columns + 2; i++)
		screen_put('-');
	CU_ASSERT_TRUE(shows(0, columns - 1, '-'));
	CU_ASSERT_TRUE(shows_text(1, "-- "));
}

static void the_oldest_line_leaves(void)
{
	const unsigned rows = HEIGHT / FONT_HEIGHT;

	fresh(&usual);
	for (unsigned i = 0; i < rows; i++) {
		screen_put((uint8_t)('A' + i));
		print("\r\n");
	}
	print("last");
	CU_ASSERT_TRUE(shows_text(0, "B "));
	CU_ASSERT_TRUE(shows_text(rows - 2, (char[]){ (char)('A' + rows - 1), ' ', 0 }));
	CU_ASSERT_TRUE(shows_text(rows - 1, "last "));
}

static void every_character_is_its_own(void)
{
	for (unsigned a = ' '; a <= '~'; a++)
		for (unsigned b = a + 1; b <= '~' + 1; b++) {
			unsigned same = 0;

			for (unsigned y = 0; y < FONT_HEIGHT; y++)
				same += font_line((uint8_t)a, y) == font_line((uint8_t)b, y);
			if (same == FONT_HEIGHT)
				CU_FAIL("two characters look the same");
		}
}

static void what_cannot_be_drawn_on_is_refused(void)
{
	struct screen_info bad = usual;

	bad.size -= 4;
	CU_ASSERT_FALSE(fresh(&bad));
	bad = usual;
	bad.stride = WIDTH - 1;
	CU_ASSERT_FALSE(fresh(&bad));
	bad = usual;
	bad.width = 100;
	CU_ASSERT_FALSE(fresh(&bad));
	bad = usual;
	bad.base += 2;
	CU_ASSERT_FALSE(fresh(&bad));
	CU_ASSERT_PTR_NULL(screen_info());
	CU_ASSERT_EQUAL(memory[0], 0xa5a5a5a5);
}

void suite_screen(void)
{
	static const struct unit_test tests[] = {
		TEST(it_begins_empty),
		TEST(text_stands_where_it_should),
		TEST(control_characters_move),
		TEST(a_long_line_goes_on_below),
		TEST(the_oldest_line_leaves),
		TEST(every_character_is_its_own),
		TEST(what_cannot_be_drawn_on_is_refused),
	};

	unit_suite("screen", tests, ARRAY_SIZE(tests));
}

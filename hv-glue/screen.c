// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A text screen on a framebuffer: see screen.h for the contract.
 *
 * The framebuffer is written through uncached accesses and never read: reads of video memory take
 * microseconds each. What is on the screen is kept as characters; scrolling draws those that differ
 * from what was in their place. Colours are grey on black, which is the same whatever the order of
 * red, green and blue.
 */
#include "screen.h"

#include <postern/arch.h>

#include "font.h"

#define COLUMNS_MAX 160u
#define ROWS_MAX    100u
#define COLUMNS_MIN 40u
#define ROWS_MIN    10u
#define PIXEL       4u
#define INK         0x00c0c0c0u
#define PAPER       0u
#define TAB         8u
/* From this width on every dot of the font is two by two pixels. */
#define LARGE_WIDTH 1280u

static struct {
	struct screen_info info;
	bool usable;
	unsigned scale, columns, rows, column, row;
	uint8_t cells[ROWS_MAX][COLUMNS_MAX];
} screen;

static void draw_dots(hpa_t at, unsigned dots)
{
	for (unsigned x = 0; x < FONT_WIDTH; x++) {
		const uint32_t pixel = dots & BIT32(FONT_WIDTH - 1 - x) ? INK : PAPER;

		for (unsigned i = 0; i < screen.scale; i++, at += PIXEL)
			mmio_write32(at, pixel);
	}
}

static void draw(unsigned row, unsigned column)
{
	const uint64_t line = (uint64_t)screen.info.stride * PIXEL;
	hpa_t at = screen.info.base + (uint64_t)row * FONT_HEIGHT * screen.scale * line +
		   (uint64_t)column * FONT_WIDTH * screen.scale * PIXEL;

	for (unsigned y = 0; y < FONT_HEIGHT; y++)
		for (unsigned i = 0; i < screen.scale; i++, at += line)
			draw_dots(at, font_line(screen.cells[row][column], y));
}

static void set(unsigned row, unsigned column, uint8_t c)
{
	if (screen.cells[row][column] == c)
		return;
	screen.cells[row][column] = c;
	draw(row, column);
}

static void scroll(void)
{
	for (unsigned row = 0; row < screen.rows; row++)
		for (unsigned column = 0; column < screen.columns; column++)
			set(row, column,
			    row + 1 < screen.rows ? screen.cells[row + 1][column] : ' ');
}

static void new_line(void)
{
	if (screen.row + 1 < screen.rows)
		screen.row++;
	else
		scroll();
}

static unsigned least(uint64_t a, uint64_t b)
{
	return (unsigned)(a < b ? a : b);
}

bool screen_init(const struct screen_info *info)
{
	const uint64_t need = (uint64_t)info->stride * info->height * PIXEL;

	if (!info->base || !is_aligned(info->base, PIXEL) || info->stride < info->width ||
	    need > info->size)
		return false;
	screen.info = *info;
	screen.scale = info->width >= LARGE_WIDTH ? 2 : 1;
	screen.columns = least(info->width / (FONT_WIDTH * screen.scale), COLUMNS_MAX);
	screen.rows = least(info->height / (FONT_HEIGHT * screen.scale), ROWS_MAX);
	if (screen.columns < COLUMNS_MIN || screen.rows < ROWS_MIN)
		return false;
	screen.column = screen.row = 0;
	screen.usable = true;
	/* Whatever firmware left on it. */
	for (uint64_t y = 0; y < info->height; y++)
		for (uint64_t x = 0; x < info->width; x++)
			mmio_write32(info->base + (y * info->stride + x) * PIXEL, PAPER);
	for (unsigned row = 0; row < screen.rows; row++)
		for (unsigned column = 0; column < screen.columns; column++)
			screen.cells[row][column] = ' ';
	return true;
}

void screen_put(uint8_t c)
{
	switch (c) {
	case '\r':
		screen.column = 0;
		break;
	case '\n':
		new_line();
		break;
	case '\b':
		screen.column -= screen.column > 0;
		break;
	case '\t':
		screen.column = least(align_up(screen.column + 1, TAB), screen.columns - 1);
		break;
	default:
		if (c < ' ')
			break;
		if (screen.column == screen.columns) {
			screen.column = 0;
			new_line();
		}
		set(screen.row, screen.column++, c);
		break;
	}
}

const struct screen_info *screen_info(void)
{
	return screen.usable ? &screen.info : NULL;
}

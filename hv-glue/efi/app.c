// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The image as a UEFI application: collects what the hypervisor needs while firmware is there,
 * leaves boot services, hands over. start.S has relocated it.
 *
 * Files, all optional, on the partition the application was loaded from:
 *
 *   \postern\bundle      manifest, kernels and initrds (tools/postern)
 *   \postern\override    one ACPI table that goes before firmware's of the same signature
 *   \postern\cmdline     the command line, when there are no load options
 *
 * Commands: `dump-acpi` writes firmware's ACPI tables to \postern\acpi\ and returns to firmware;
 * anything else is the hypervisor's own command line.
 */
#include <postern/string.h>

#include <efi/app.h>
#include <efi/tables.h>

#include <hv/version.h>

#define LINE_MAX         160u
#define COMMAND_LINE_MAX 512u

static const struct efi_guid guid_loaded_image = {
	0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};
static const struct efi_guid guid_file_system = {
	0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};
static const struct efi_guid guid_graphics = {
	0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a }
};

/* start.S calls it. */
efi_status efi_main(efi_handle image, struct efi_system_table *st);

static struct efi_handover handover;
static char command_line[COMMAND_LINE_MAX];

void efi_print(const struct efi_app *app, const char *fmt, ...)
{
	char text[LINE_MAX];
	efi_char wide[LINE_MAX + 2];
	unsigned length = 0;
	va_list ap;

	va_start(ap, fmt);
	format_text_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (; length + 1 < LINE_MAX && text[length]; length++)
		wide[length] = (unsigned char)text[length];
	wide[length++] = '\r';
	wide[length++] = '\n';
	wide[length] = 0;
	if (app->st->out)
		app->st->out->output_string(app->st->out, wide);
}

/* ---- the command line ---- */

/* Control characters and what is not ASCII become blanks, blanks at the ends go. */
static void keep_printable(char *text)
{
	size_t from = 0, length;

	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = ' ';
	while (text[from] == ' ')
		from++;
	length = strlen(text + from);
	memmove(text, text + from, length + 1);
	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
}

/*
 * Load options are UCS-2 by custom, and boot managers put anything there: firmware's own leave
 * binary data for entries they made themselves. Only a text of printable characters counts.
 */
static void take_options(const struct efi_loaded_image *loaded)
{
	const uint32_t count = loaded->options_size / (uint32_t)sizeof(efi_char);
	uint32_t n = 0;

	if (!loaded->options)
		return;
	while (n < count && n < COMMAND_LINE_MAX - 1 && loaded->options[n] >= ' ' &&
	       loaded->options[n] <= '~') {
		command_line[n] = (char)loaded->options[n];
		n++;
	}
	if (n < count && loaded->options[n])
		n = 0;
	command_line[n] = '\0';
	keep_printable(command_line);
}

static void take_command_file(const struct efi_app *app)
{
	struct memory_region file;
	size_t length;

	if (efi_read_file(app, "\\postern\\cmdline", EFI_LOADER_DATA, &file) != EFI_FOUND)
		return;
	length = file.size < COMMAND_LINE_MAX ? (size_t)file.size : COMMAND_LINE_MAX - 1;
	memcpy(command_line, (const void *)(uintptr_t)file.base, length);
	command_line[length] = '\0';
	keep_printable(command_line);
}

/* The first word is `word`. */
static bool is_command(const char *word)
{
	const size_t length = strlen(word);

	return !strncmp(command_line, word, length) &&
	       (command_line[length] == '\0' || command_line[length] == ' ');
}

/* ---- what the hypervisor is told ---- */

static void take_screen(const struct efi_app *app, struct screen_info *screen)
{
	struct efi_graphics *g = NULL;
	const struct efi_graphics_info *info;

	if (app->boot->locate_protocol(&guid_graphics, NULL, (void **)&g) || !g || !g->mode ||
	    !g->mode->info)
		return;
	info = g->mode->info;
	if (info->format != EFI_PIXEL_RGBX && info->format != EFI_PIXEL_BGRX)
		return;
	*screen = (struct screen_info){
		.base = g->mode->base,
		.size = g->mode->size,
		.width = info->width,
		.height = info->height,
		.stride = info->stride,
	};
	efi_print(app, "screen: %u x %u at 0x%lx", info->width, info->height,
		  (unsigned long)screen->base);
}

static void open_volume(struct efi_app *app)
{
	struct efi_file_system *fs = NULL;

	if (app->boot->handle_protocol(app->loaded->device, &guid_file_system, (void **)&fs) ||
	    !fs || fs->open_volume(fs, &app->volume))
		app->volume = NULL;
	if (!app->volume)
		efi_print(app, "no file system where this application came from: no bundle");
}

/* False: a file is there and cannot be read. */
static bool take_files(const struct efi_app *app, struct boot_info *boot)
{
	if (efi_read_file(app, "\\postern\\bundle", EFI_LOADER_DATA, &boot->bundle) == EFI_BROKEN ||
	    efi_read_file(app, "\\postern\\override", EFI_ACPI_RECLAIM, &boot->overrides) ==
		    EFI_BROKEN)
		return false;
	if (boot->bundle.size)
		efi_print(app, "bundle: %lu bytes", (unsigned long)boot->bundle.size);
	if (boot->overrides.size)
		efi_print(app, "override table: %lu bytes", (unsigned long)boot->overrides.size);
	return true;
}

efi_status efi_main(efi_handle image, struct efi_system_table *st)
{
	struct efi_app app = { .image = image, .st = st, .boot = st->boot };
	struct boot_info *boot = &handover.boot;
	hpa_t fdt;

	efi_print(&app, "Postern %s, UEFI application", POSTERN_VERSION);
	if (app.boot->handle_protocol(image, &guid_loaded_image, (void **)&app.loaded) ||
	    !app.loaded) {
		efi_print(&app, "error: firmware does not say where this application came from");
		return EFI_LOAD_ERROR;
	}
	/* What follows has bounds of its own. */
	app.boot->set_watchdog_timer(0, 0, 0, NULL);
	open_volume(&app);
	take_options(app.loaded);
	if (!command_line[0])
		take_command_file(&app);
	if (command_line[0])
		efi_print(&app, "command line: %s", command_line);
	if (is_command("dump-acpi"))
		return efi_dump_acpi(&app);

	if (!take_files(&app, boot))
		return EFI_LOAD_ERROR;
	boot->command_line = command_line;
	boot->acpi_rsdp = efi_find_table(st, &efi_guid_acpi, 0);
	fdt = efi_find_table(st, &efi_guid_fdt, 0);
	if (fdt) {
		boot->fdt = (const void *)(uintptr_t)fdt;
		boot->fdt_size = 2 * MIB;
	}
	if (!boot->acpi_rsdp && !fdt) {
		efi_print(&app, "error: firmware brings neither ACPI nor a device tree");
		return EFI_UNSUPPORTED;
	}
	take_screen(&app, &handover.screen);
	efi_print(&app, "leaving firmware");
	if (!efi_leave(&app, &handover))
		return EFI_LOAD_ERROR;
	efi_handover(&handover);
}

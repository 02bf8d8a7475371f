// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bounded text formatting: a small, allocation-free part of C's printf (C11, 7.21.6.1).
 *
 * The conversions are those <postern/string.h> lists; what is not one of them is copied as it stands and takes no
 * argument. No locks; any context.
 */
#include <postern/string.h>
#include <postern/types.h>

/* Sink that counts every character and stores those that fit. */
struct sink {
	char *out;
	size_t size; /* of out, with room for the NUL */
	size_t length;
};

/* One conversion specification as parsed. */
struct spec {
	bool left, zero;
	bool has_precision;
	size_t width, precision;
	enum { LEN_INT, LEN_CHAR, LEN_SHORT, LEN_LONG, LEN_LLONG, LEN_SIZE } length;
};

/* Longest number: 64 bits in decimal have 20 digits. */
#define MAX_DIGITS 20

static void put(struct sink *s, char c)
{
	if (s->length + 1 < s->size)
		s->out[s->length] = c;
	s->length++;
}

static void put_many(struct sink *s, char c, size_t n)
{
	while (n--)
		put(s, c);
}

static void put_text(struct sink *s, const struct spec *sp, const char *text, size_t len)
{
	size_t pad = sp->width > len ? sp->width - len : 0;

	if (!sp->left)
		put_many(s, ' ', pad);
	for (size_t i = 0; i < len; i++)
		put(s, text[i]);
	if (sp->left)
		put_many(s, ' ', pad);
}

/* `prefix` ("", "-" or "0x") stands before any zero padding. A precision is the least number of digits, as in C. */
static void put_number(struct sink *s, const struct spec *sp, uint64_t value, unsigned base,
		       bool upper, const char *prefix)
{
	const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[MAX_DIGITS];
	size_t count = 0, zeros = 0, pad = 0, prefix_len = strlen(prefix), used;

	do {
		digits[count++] = alphabet[value % base];
		value /= base;
	} while (value);
	if (sp->has_precision && sp->precision > count)
		zeros = sp->precision - count;
	used = prefix_len + zeros + count;
	if (sp->width > used)
		pad = sp->width - used;
	if (sp->zero && !sp->left && !sp->has_precision) {
		zeros += pad;
		pad = 0;
	}

	if (!sp->left)
		put_many(s, ' ', pad);
	for (size_t i = 0; i < prefix_len; i++)
		put(s, prefix[i]);
	put_many(s, '0', zeros);
	while (count)
		put(s, digits[--count]);
	if (sp->left)
		put_many(s, ' ', pad);
}

static size_t parse_decimal(const char **p)
{
	size_t n = 0;

	while (**p >= '0' && **p <= '9') {
		n = n * 10 + (size_t)(**p - '0');
		(*p)++;
	}
	return n;
}

static const char *parse_length(const char *p, struct spec *sp)
{
	sp->length = LEN_INT;
	switch (*p) {
	case 'h':
		sp->length = p[1] == 'h' ? LEN_CHAR : LEN_SHORT;
		return p + (p[1] == 'h' ? 2 : 1);
	case 'l':
		sp->length = p[1] == 'l' ? LEN_LLONG : LEN_LONG;
		return p + (p[1] == 'l' ? 2 : 1);
	case 'z':
		sp->length = LEN_SIZE;
		return p + 1;
	default:
		return p;
	}
}

int format_text_v(char *out, size_t size, const char *fmt, va_list ap)
{
	struct sink s = { .out = out, .size = size };

	while (*fmt) {
		const char *start = fmt, *text;
		struct spec sp = { 0 };
		uint64_t value;
		int64_t number;
		char c;

		if (*fmt != '%') {
			put(&s, *fmt++);
			continue;
		}
		fmt++;
		for (;; fmt++) {
			if (*fmt == '-')
				sp.left = true;
			else if (*fmt == '0')
				sp.zero = true;
			else
				break;
		}
		if (*fmt == '*') {
			int width = va_arg(ap, int);

			sp.left |= width < 0;
			sp.width = width < 0 ? 0u - (size_t)width : (size_t)width;
			fmt++;
		} else {
			sp.width = parse_decimal(&fmt);
		}
		if (*fmt == '.') {
			fmt++;
			sp.has_precision = true;
			if (*fmt == '*') {
				int precision = va_arg(ap, int);

				sp.has_precision = precision >= 0;
				sp.precision = precision >= 0 ? (size_t)precision : 0;
				fmt++;
			} else {
				sp.precision = parse_decimal(&fmt);
			}
		}
		fmt = parse_length(fmt, &sp);

		switch (*fmt) {
		case '%':
			put(&s, '%');
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_text(&s, &sp, &c, 1);
			break;
		case 's':
			text = va_arg(ap, const char *);
			if (!text)
				text = "(null)";
			/* With a precision the text need not be terminated. */
			put_text(&s, &sp, text,
				 sp.has_precision ? strnlen(text, sp.precision) : strlen(text));
			break;
		case 'd':
		case 'i':
			switch (sp.length) {
			case LEN_CHAR:
				number = (signed char)va_arg(ap, int);
				break;
			case LEN_SHORT:
				number = (short)va_arg(ap, int);
				break;
			case LEN_INT:
				number = va_arg(ap, int);
				break;
			case LEN_LONG:
				number = va_arg(ap, long);
				break;
			case LEN_LLONG:
				number = va_arg(ap, long long);
				break;
			default:
				number = va_arg(ap, ptrdiff_t);
				break;
			}
			put_number(&s, &sp, number < 0 ? 0u - (uint64_t)number : (uint64_t)number,
				   10, false, number < 0 ? "-" : "");
			break;
		case 'u':
		case 'x':
		case 'X':
			switch (sp.length) {
			case LEN_CHAR:
				value = (unsigned char)va_arg(ap, unsigned);
				break;
			case LEN_SHORT:
				value = (unsigned short)va_arg(ap, unsigned);
				break;
			case LEN_INT:
				value = va_arg(ap, unsigned);
				break;
			case LEN_LONG:
				value = va_arg(ap, unsigned long);
				break;
			case LEN_LLONG:
				value = va_arg(ap, unsigned long long);
				break;
			default:
				value = va_arg(ap, size_t);
				break;
			}
			put_number(&s, &sp, value, *fmt == 'u' ? 10 : 16, *fmt == 'X', "");
			break;
		case 'p':
			put_number(&s, &sp, (uintptr_t)va_arg(ap, void *), 16, false, "0x");
			break;
		default:
			/* Not ours: show it, so that the mistake can be seen. */
			if (*fmt)
				fmt++;
			while (start < fmt)
				put(&s, *start++);
			continue;
		}
		fmt++;
	}
	if (size)
		out[s.length < size ? s.length : size - 1] = '\0';
	return (int)s.length;
}

int format_text(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = format_text_v(out, size, fmt, ap);
	va_end(ap);
	return length;
}

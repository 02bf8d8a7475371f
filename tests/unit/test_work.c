// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deferred work: order, timer and kicks. Includes the source so that each test starts with an empty
 * list.
 */
#include "../../hv-glue/work.c"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <string.h>

#define MS ((uint64_t)1000000)

void work_forget(void)
{
	memset(&list, 0, sizeof(list));
}

/* A work that notes its name when it runs, and may defer itself again. */
struct noted {
	struct work work; /* first */
	char name;
	unsigned again; /* times left to defer itself */
	uint64_t delay, ran_at;
};

static char order[32];

static void note(struct work *w)
{
	struct noted *n = container_of(w, struct noted, work);

	CU_ASSERT_EQUAL(model_locks_held(), 0);
	order[strlen(order)] = n->name;
	n->ran_at = host_time_ns();
	if (n->again) {
		n->again--;
		work_defer(w, host_time_ns() + n->delay);
	}
}

static void fresh(void)
{
	hv_model_reset();
	memset(order, 0, sizeof(order));
}

static void runs_in_order_of_deadline_not_of_queueing(void)
{
	struct noted a = { { .fn = note }, .name = 'a' }, b = { { .fn = note }, .name = 'b' };
	struct noted c = { { .fn = note }, .name = 'c' };

	fresh();
	work_defer(&b.work, host_time_ns() + 20 * MS);
	work_defer(&c.work, host_time_ns() + 30 * MS);
	work_defer(&a.work, host_time_ns() + 10 * MS);
	hv_run_ms(100);
	CU_ASSERT_STRING_EQUAL(order, "abc");
}

static void equal_deadlines_run_first_come_first_served(void)
{
	struct noted a = { { .fn = note }, .name = 'a' }, b = { { .fn = note }, .name = 'b' };
	struct noted c = { { .fn = note }, .name = 'c' };

	fresh();
	work_defer(&a.work, 5 * MS);
	work_defer(&b.work, 5 * MS);
	work_defer(&c.work, 5 * MS);
	hv_run_ms(10);
	CU_ASSERT_STRING_EQUAL(order, "abc");
}

static void never_runs_before_its_deadline(void)
{
	struct noted a = { { .fn = note }, .name = 'a' };

	fresh();
	work_defer(&a.work, 50 * MS);
	hv_run_ms(40);
	work_run(); /* a kick for another reason */
	CU_ASSERT_STRING_EQUAL(order, "");
	hv_run_ms(20);
	CU_ASSERT_STRING_EQUAL(order, "a");
	CU_ASSERT(a.ran_at >= 50 * MS);
	CU_ASSERT(a.ran_at < 52 * MS);
}

static void a_deadline_in_the_past_runs_later_not_at_once(void)
{
	struct noted a = { { .fn = note }, .name = 'a' };

	fresh();
	hv_run_ms(5);
	work_defer(&a.work, 0);
	CU_ASSERT_STRING_EQUAL(order, "");
	hv_run_ms(1);
	CU_ASSERT_STRING_EQUAL(order, "a");
}

static void deferring_again_moves_the_work(void)
{
	struct noted a = { { .fn = note }, .name = 'a' }, b = { { .fn = note }, .name = 'b' };

	fresh();
	work_defer(&a.work, 10 * MS);
	work_defer(&b.work, 20 * MS);
	work_defer(&a.work, 30 * MS);
	hv_run_ms(15);
	CU_ASSERT_STRING_EQUAL(order, "");
	hv_run_ms(50);
	CU_ASSERT_STRING_EQUAL(order, "ba");
	work_defer(&b.work, 100 * MS);
	work_defer(&b.work, 80 * MS);
	hv_run_ms(100);
	CU_ASSERT_STRING_EQUAL(order, "bab");
}

static void the_timer_is_for_the_earliest_and_off_when_none_is_left(void)
{
	struct noted a = { { .fn = note }, .name = 'a' }, b = { { .fn = note }, .name = 'b' };

	fresh();
	work_defer(&b.work, 20 * MS);
	CU_ASSERT_EQUAL(hv_timer(), 20 * MS);
	work_defer(&a.work, 10 * MS);
	CU_ASSERT_EQUAL(hv_timer(), 10 * MS);
	model_time_advance_ns(10 * MS);
	work_run();
	CU_ASSERT_EQUAL(hv_timer(), 20 * MS);
	model_time_advance_ns(10 * MS);
	work_run();
	CU_ASSERT_EQUAL(hv_timer(), UINT64_MAX);
	CU_ASSERT_STRING_EQUAL(order, "ab");
}

static void a_wait_of_the_caller_bounds_the_timer(void)
{
	struct noted a = { { .fn = note }, .name = 'a' };

	fresh();
	work_run_with(7 * MS);
	CU_ASSERT_EQUAL(hv_timer(), 7 * MS);
	work_defer(&a.work, 5 * MS);
	work_run_with(7 * MS);
	CU_ASSERT_EQUAL(hv_timer(), 5 * MS);
	work_defer(&a.work, 9 * MS);
	work_run_with(7 * MS);
	CU_ASSERT_EQUAL(hv_timer(), 7 * MS);
}

static void another_cpu_kicks_and_leaves_the_timer_alone(void)
{
	struct noted a = { { .fn = note }, .name = 'a' }, b = { { .fn = note }, .name = 'b' };

	fresh();
	model_set_cpu(2);
	work_defer(&a.work, 10 * MS);
	CU_ASSERT_EQUAL(hv_cpu_kicks(HOUSEKEEPING_CPU), 1);
	CU_ASSERT_EQUAL(hv_timer(), UINT64_MAX);
	/* Not the earliest: the timer that is set for `a` will find it. */
	work_defer(&b.work, 20 * MS);
	CU_ASSERT_EQUAL(hv_cpu_kicks(HOUSEKEEPING_CPU), 1);
	model_set_cpu(0);
	work_run();
	CU_ASSERT_EQUAL(hv_timer(), 10 * MS);
	hv_run_ms(30);
	CU_ASSERT_STRING_EQUAL(order, "ab");
}

static void work_that_defers_itself_for_now_lets_the_caller_go(void)
{
	struct noted a = { { .fn = note }, .name = 'a', .again = 1000000 };
	struct noted b = { { .fn = note }, .name = 'b' };

	fresh();
	work_defer(&a.work, 0);
	work_defer(&b.work, 0);
	work_run();
	CU_ASSERT_STRING_EQUAL(order, "ab");
	CU_ASSERT(hv_timer() <= host_time_ns());
	a.again = 0;
	work_run();
	CU_ASSERT_STRING_EQUAL(order, "aba");
}

static void periodic_work_keeps_its_period(void)
{
	struct noted a = { { .fn = note }, .name = 'a', .again = 4, .delay = 10 * MS };

	fresh();
	work_defer(&a.work, 10 * MS);
	hv_run_ms(35);
	CU_ASSERT_STRING_EQUAL(order, "aaa");
	hv_run_ms(100);
	CU_ASSERT_STRING_EQUAL(order, "aaaaa");
	CU_ASSERT_EQUAL(hv_timer(), UINT64_MAX);
}

void suite_work(void)
{
	static const struct unit_test tests[] = {
		TEST(runs_in_order_of_deadline_not_of_queueing),
		TEST(equal_deadlines_run_first_come_first_served),
		TEST(never_runs_before_its_deadline),
		TEST(a_deadline_in_the_past_runs_later_not_at_once),
		TEST(deferring_again_moves_the_work),
		TEST(the_timer_is_for_the_earliest_and_off_when_none_is_left),
		TEST(a_wait_of_the_caller_bounds_the_timer),
		TEST(another_cpu_kicks_and_leaves_the_timer_alone),
		TEST(work_that_defers_itself_for_now_lets_the_caller_go),
		TEST(periodic_work_keeps_its_period),
	};

	unit_suite("work", tests, ARRAY_SIZE(tests));
}

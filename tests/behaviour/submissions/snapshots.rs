//! A `snapshot` states the whole open content of one list of one provider.

use integration_tests::on_both;

use super::*;

fn flows(entries: &BTreeMap<String, Value>, flow: &str) -> usize {
    entries.values().filter(|entry| entry["flow"] == flow).count()
}

on_both! {
    async fn an_open_entry_that_did_not_flow_says_so_and_is_never_closed(world: World) {
        let trust = trust(&world).await;
        let mut rows = children("A", 4);
        rows[3] = rows[3].clone().closed();
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows[..2])).await.expect(201);
        assert_eq!(counts(&report), [2, 2, 0, 2, 0, 0, 0, 0, 1]);
        let held = entries(&trust, "list=autism").await;
        let flow = field(&held, "flow").into_iter().map(|(_, flow)| flow).collect::<Vec<_>>();
        assert_eq!(flow, ["flowed", "flowed", "not-flowed", "flowed"]);
        assert_eq!((held["A-3"]["status"].as_str(), held["A-4"]["status"].as_str()), (Some("waiting"), Some("closed")));

        // A missing entry is counted only once, when it goes missing.
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows[..2])).await.expect(201);
        assert_eq!(counts(&report)[8], 0);
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows[..3])).await.expect(201);
        assert_eq!(counts(&report), [3, 3, 0, 3, 0, 0, 0, 0, 0]);
        assert_eq!(entries(&trust, "").await["A-3"]["flow"], "flowed");
        // A missing entry is still open: it is closed when its provider says so.
        trust.push_csv("list=autism&mode=snapshot", csv(&rows[..2])).await.expect(201);
        let report = trust.push_csv("list=autism", csv(&[rows[2].clone().closed()])).await.expect(201);
        assert_eq!(counts(&report), [1, 1, 0, 0, 0, 0, 1, 0, 0]);
    }

    async fn a_delta_drops_nothing(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 30))).await.expect(201);
        let report = trust.push_csv("list=autism&mode=delta", csv(&children("A", 1))).await.expect(201);
        assert_eq!(counts(&report), [1, 1, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(flows(&entries(&trust, "").await, "flowed"), 30);
    }

    async fn an_entry_whose_row_was_rejected_did_flow_and_is_held_stale(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 4);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        // One row with a wrong digit, one with a column too many, one missing.
        let file = csv(&[rows[0].clone(), rows[1].clone().stage("treatment").broken()]) + &rows[2].line().replace('\n', ",surplus\n");
        let report = trust.push_csv("list=autism&mode=snapshot", file).await.expect(201);
        assert_eq!(counts(&report), [3, 1, 2, 1, 0, 0, 0, 2, 1]);
        let held = entries(&trust, "").await;
        let flow = field(&held, "flow").into_iter().map(|(_, flow)| flow).collect::<Vec<_>>();
        assert_eq!(flow, ["flowed", "stale", "stale", "not-flowed"]);
        assert_eq!(held["A-2"]["stage"], "referral");
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        assert_eq!(counts(&report), [4, 4, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(flows(&entries(&trust, "").await, "flowed"), 4);
    }

    async fn other_lists_and_other_providers_are_not_touched(world: World) {
        let trust = trust(&world).await;
        let icb = signed_in(&world, "icb-central-east").await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 3))).await.expect(201);
        trust.push_csv("list=adhd&mode=snapshot", csv(&children("B", 3))).await.expect(201);
        let report = icb.push_csv("organisation=RWR&list=autism&mode=snapshot", csv(&children("P", 1))).await.expect(201);
        assert_eq!(counts(&report)[8], 0);
        assert_eq!(flows(&entries(&trust, "").await, "flowed"), 6);
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 1))).await.expect(201);
        assert_eq!(counts(&report)[8], 2);
        assert_eq!(flows(&entries(&trust, "list=adhd").await, "flowed"), 3);
        // RWR's own entry is still open in its list: only RWR's nil return removes it.
        let report = icb.push_csv("organisation=RWR&list=autism&mode=snapshot&nil_return=true", HEADER).await.expect(201);
        assert_eq!(counts(&report)[8], 1);
    }

    async fn an_empty_snapshot_has_to_say_that_it_is_a_nil_return(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 3))).await.expect(201);
        trust.push_csv("list=autism&mode=snapshot", HEADER).await.expect_problem(422, "nil-return-unsaid");
        let problem = trust.push_csv("list=autism&mode=snapshot", "").await.expect_problem(422, "unreadable-body");
        assert_eq!(problem["errors"][0]["code"], "empty");
        let problem = trust.push_csv("list=autism&mode=snapshot&nil_return=true", csv(&children("A", 3))).await.expect_problem(422, "invalid-value");
        assert_eq!(problem["errors"][0]["field"], "nil_return");
        assert_eq!(flows(&entries(&trust, "").await, "flowed"), 3);

        let report = trust.push_csv("list=autism&mode=snapshot&nil_return=true", HEADER).await.expect(201);
        assert_eq!(counts(&report), [0, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(report["status"], "accepted");
        assert_eq!(flows(&entries(&trust, "").await, "not-flowed"), 3);
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 3))).await.expect(201);
        let report = trust.push_csv("list=autism&mode=snapshot&nil_return=true", "").await.expect(201);
        assert_eq!(counts(&report), [0, 0, 0, 0, 0, 0, 0, 0, 3]);
        // A delta without rows has nothing to insert or update, and needs no nil return.
        assert_eq!(counts(&trust.push_csv("list=autism", HEADER).await.expect(201)), [0; 9]);
    }

    async fn a_snapshot_of_rejected_rows_alone_is_no_nil_return(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 3);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        let broken: Vec<_> = rows.into_iter().map(Row::broken).collect();
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&broken)).await.expect(201);
        assert_eq!(counts(&report), [3, 0, 3, 0, 0, 0, 0, 3, 0]);
        assert_eq!(flows(&entries(&trust, "").await, "stale"), 3);
    }

    async fn a_list_that_shrinks_too_much_is_refused_until_that_is_confirmed(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 25);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        let (before, told) = (entries(&trust, "").await, reports(&trust).await);
        // Six of twenty-five is more than a fifth. New entries do not make up for missing ones.
        let file = csv(rows[..19].iter().chain(&children("N", 9)));
        let problem = trust.push_csv("list=autism&mode=snapshot", file.clone()).await.expect_problem(409, "snapshot-shrinks");
        assert!(problem["detail"].as_str().unwrap().contains("confirm=shrink"), "{problem}");
        assert_eq!((entries(&trust, "").await, reports(&trust).await), (before, told));
        let report = trust.push_csv("list=autism&mode=snapshot&confirm=shrink", file).await.expect(201);
        assert_eq!(counts(&report), [28, 28, 0, 19, 9, 0, 0, 0, 6]);
        assert_eq!(flows(&entries(&trust, "").await, "not-flowed"), 6);
    }

    async fn a_fifth_may_go_and_of_a_short_list_all_but_one(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 25))).await.expect(201);
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 20))).await.expect(201);
        assert_eq!(counts(&report)[8], 5);
        // Twenty flow now, and five are a quarter of them; entries that are missing already do not count.
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 15))).await.expect_problem(409, "snapshot-shrinks");
        trust.push_csv("list=adhd&mode=snapshot", csv(&children("B", 19))).await.expect(201);
        let report = trust.push_csv("list=adhd&mode=snapshot", csv(&children("B", 1))).await.expect(201);
        assert_eq!(counts(&report)[8], 18);
    }

    async fn rejected_and_closed_rows_do_not_count_as_a_list_that_shrinks(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 25);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        let now: Vec<_> = rows.iter().take(5).cloned().map(Row::broken).chain(rows[5..].iter().cloned().map(Row::closed)).collect();
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&now)).await.expect(201);
        assert_eq!(counts(&report), [25, 20, 5, 0, 0, 0, 20, 5, 0]);
    }

    async fn a_state_older_than_the_one_held_is_refused(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 3);
        trust.push_csv(&format!("list=autism&mode=snapshot&as_of={}", days_ago(3)), csv(&rows)).await.expect(201);
        let (before, told) = (entries(&trust, "").await, reports(&trust).await);
        for mode in ["snapshot", "delta"] {
            let query = format!("list=autism&mode={mode}&as_of={}", days_ago(4));
            trust.push_csv(&query, csv(&children("A", 2))).await.expect_problem(409, "older-as-of");
        }
        assert_eq!((entries(&trust, "").await, reports(&trust).await), (before, told));
        // The same day again, another list, and a later day.
        trust.push_csv(&format!("list=autism&mode=snapshot&as_of={}", days_ago(3)), csv(&children("A", 2))).await.expect(201);
        trust.push_csv(&format!("list=adhd&mode=snapshot&as_of={}", days_ago(4)), csv(&children("B", 2))).await.expect(201);
        trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        trust.push_csv(&format!("list=autism&mode=snapshot&as_of={}", days_ago(3)), csv(&rows)).await.expect_problem(409, "older-as-of");
    }

    async fn a_list_of_a_future_day_is_refused(world: World) {
        let trust = trust(&world).await;
        let problem = trust.push_csv(&format!("as_of={}", tomorrow()), csv(&children("A", 1))).await.expect_problem(422, "invalid-value");
        assert_eq!(problem["errors"][0]["field"], "as_of");
        trust.push_csv("as_of=2026-02-30", csv(&children("A", 1))).await.expect_problem(400, "malformed");
        assert!(entries(&trust, "").await.is_empty());
    }
}

//! National Data Opt-outs, and what they take out of a release.

use super::*;

async fn load(persona: &Persona, as_of: NaiveDate, list: impl Into<reqwest::Body>) -> Answer {
    persona.call(Method::PUT, &format!("/v1/opt-outs?as_of={as_of}")).header("content-type", "text/csv").body(list).send().await
}

/// Builds a release and answers its table. It asks by the release's id: `latest` is only looked up now and then.
async fn table(world: &World) -> Value {
    world.build_release(today()).await;
    let dashboard = signed_in(world, "dashboard-herts").await;
    let newest = dashboard.get("/v1/dashboard/releases?limit=1").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    dashboard.get(&format!("/v1/dashboard/releases/{newest}/tables/waiting-list-by-weeks-and-district")).await.expect(200)
}

/// How many children wait for autism in the area, and how many were withheld.
async fn released(world: &World) -> (Value, Value) {
    let table = table(world).await;
    let rows = table["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["area"] == "E10000015" && row["pathway"] == "autism" && row["weeks"] == "all").unwrap();
    (row["cell"]["value"].clone(), table["coverage"]["withheld"]["value"].clone())
}

fn numbers(count: usize) -> String {
    (0..count).map(|nth| number(nth) + "\n").collect()
}

on_both! {
    async fn a_child_that_is_opted_out_counts_nowhere_unless_the_family_says_so(world: World) {
        let rows = list((0..40).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism")));
        let trust = signed_in(&world, "provider-hct").await;
        trust.push_csv("list=autism", rows).await.expect(201);
        assert_eq!(released(&world).await, (json!(40), json!(null)));
        let guardian = signed_in(&world, "guardian-hct").await;
        let held = load(&guardian, today(), format!("nhs_number\n{}", numbers(10))).await.expect(200);
        assert_eq!((&held["organisation"], &held["numbers"]), (&json!("RY4"), &json!(10)));
        assert_eq!(released(&world).await, (json!(30), json!(10)));
        // A child that is kept out for two reasons is counted once.
        let council = signed_in(&world, "council-herts").await;
        for (nth, decision) in [(9, "objection"), (10, "objection"), (0, "permit"), (1, "permit"), (2, "permit"), (3, "permit"), (4, "permit")] {
            let mut body = permission(&number(nth), &["autism"]);
            body["decision"] = decision.into();
            body["purpose"] = "joint-commissioning".into();
            body["data"] = json!(["dashboard-aggregate"]);
            record(&council, &body).await;
        }
        let (counted, withheld) = released(&world).await;
        assert!([json!(30), json!(35)].contains(&counted), "34 children, rounded: {counted}");
        assert!([json!(5), json!(10)].contains(&withheld), "6 children, rounded: {withheld}");
        // An opt-out is about planning: what the family permitted for the child's own care still flows.
        record(&council, &permission(&number(9), &["autism"])).await;
        waits(&council, &number(9)).await.expect(200);
        // A later list replaces the one before.
        load(&guardian, today(), "").await.expect(200);
        assert!([json!(35), json!(40)].contains(&released(&world).await.0));
    }

    async fn a_list_of_opt_outs_is_taken_whole_or_not_at_all(world: World) {
        let guardian = signed_in(&world, "guardian-hct").await;
        let wrong = load(&guardian, today(), format!("{}\n9990000019\nJohn Smith\n", number(0))).await;
        let problem = wrong.expect_problem(422, "invalid-value");
        assert_eq!(problem["errors"].as_array().unwrap().iter().map(|error| &error["row"]).collect::<Vec<_>>(), [&json!(2), &json!(3)]);
        assert!(!wrong.text.contains("Smith") && !wrong.text.contains("999"), "{}", wrong.text);
        assert_eq!(guardian.get("/v1/opt-outs").await.expect(200)["items"], json!([]));
        load(&guardian, today() + Days::new(1), numbers(1)).await.expect_problem(422, "invalid-value");
        load(&guardian, today(), vec![0xff_u8, 0xfe]).await.expect_problem(400, "malformed");
        load(&guardian, days_ago(1), numbers(3)).await.expect(200);
        load(&guardian, days_ago(2), numbers(1)).await.expect_problem(409, "older-as-of");
        let leaf = last_leaf(&world, "load_opt_outs").await;
        assert_eq!((&leaf["outcome"], &leaf["reason"], &leaf["holder"]), (&json!("refused"), &json!("older-as-of"), &json!("RY4")));
        let listed = guardian.get("/v1/opt-outs").await.expect(200);
        assert_eq!(listed["items"], json!([{ "organisation": "RY4", "as_of": days_ago(1), "numbers": 3 }]));
        assert!(!world.dump_database().contains(&number(0)));
        world.grant("stranger", "opt-out:write").await;
        load(&signed_in(&world, "stranger").await, today(), numbers(1)).await.expect_problem(403, "no-agreement");
        assert_eq!(last_leaf(&world, "load_opt_outs").await["reason"], "no-agreement");
    }

    async fn lists_that_are_loaded_at_once_replace_each_other(world: World) {
        let guardian = signed_in(&world, "guardian-hct").await;
        let loads = (1..=8).map(|count| load(&guardian, today(), numbers(count * 20)));
        for answer in futures_util::future::join_all(loads).await {
            answer.expect_status(200);
        }
        let held = guardian.get("/v1/opt-outs").await.expect(200)["items"][0]["numbers"].as_i64();
        assert_eq!(held, Some(world.ask_database("SELECT count(*) FROM opt_out")));
    }

    async fn a_hidden_address_counts_in_the_area_and_in_no_district(world: World) {
        let rows = (0..10).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism"));
        let csv: String = list(rows).lines().enumerate().map(|(at, line)| format!("{line},{}\n", if at == 0 { "district" } else { "E07000240" })).collect();
        signed_in(&world, "provider-hct").await.push_csv("list=autism", csv).await.expect(201);
        world.grant("guardian-hct", "restriction:write waiting-list:read").await;
        let guardian = signed_in(&world, "guardian-hct").await;
        let counted = async |area: &str| {
            let table = table(&world).await;
            let rows = table["rows"].as_array().unwrap();
            rows.iter().find(|row| row["area"] == area && row["pathway"] == "autism" && row["weeks"] == "all").unwrap()["cell"]["value"].clone()
        };
        assert_eq!((counted("E10000015").await, counted("E07000240").await), (json!(10), json!(10)));
        for nth in 0..10 {
            let child = guardian.child_id(&number(nth), BORN).await;
            let body = json!({ "kind": "address-hidden", "reason": "r" });
            guardian.post(&format!("/v1/children/{child}/restrictions"), &body).await.expect(201);
        }
        assert_eq!((counted("E10000015").await, counted("E07000240").await), (json!(10), json!(null)));
        assert_eq!(counted("not-recorded").await, json!(10));
    }
}

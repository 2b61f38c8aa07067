//! What a partner can find out before it sends: the formats, their samples, and everything that can be wrong.

use std::collections::BTreeSet;

use adapters::REGISTRY;
use domain::{Dataset, IssueCode};
use integration_tests::{Persona, World, on_both};
use reqwest::Method;
use serde_json::Value;

async fn trust(world: &World) -> Persona {
    world.persona("provider-hct").signed_in().await
}

on_both! {
    async fn the_catalogue_says_of_every_issue_what_it_means_and_how_to_mend_it(world: World) {
        let catalogue = trust(&world).await.get("/v1/issues").await.expect(200);
        let items = catalogue["items"].as_array().unwrap();
        assert!(catalogue.get("next").is_none(), "it is all on one page");
        let codes: BTreeSet<_> = items.iter().map(|item| item["code"].as_str().unwrap()).collect();
        assert_eq!(codes, IssueCode::ALL.iter().map(|code| code.as_str()).collect());
        for item in items {
            for text in ["message", "meaning", "fix"] {
                assert!(item[text].as_str().unwrap().ends_with('.'), "{item}");
            }
            assert!(["error", "warning"].contains(&item["severity"].as_str().unwrap()), "{item}");
        }
        assert!(items.iter().filter(|item| item["national_source"].is_string()).count() >= 40);
    }

    async fn every_format_is_described_with_its_codes_and_their_date(world: World) {
        let trust = trust(&world).await;
        let listed = trust.get("/v1/formats").await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(listed.len(), REGISTRY.len());
        for (short, adapter) in listed.iter().zip(REGISTRY) {
            let format = trust.get(short["href"].as_str().unwrap()).await.expect(200);
            for name in ["format", "dataset", "title", "media_types"] {
                assert_eq!(format[name], short[name]);
            }
            let fields = format["fields"].as_array().unwrap();
            assert_eq!(fields.len(), adapter.fields().len());
            let lists = format["code_lists"].as_array().unwrap();
            for list in lists {
                assert!(list["released"].as_str().unwrap().starts_with("20") && list["source"].is_string(), "{list}");
                assert!(list["codes"].as_array().unwrap().len() >= 2);
            }
            let named: BTreeSet<_> = lists.iter().map(|list| list["name"].clone().to_string()).collect();
            let used: BTreeSet<_> = fields.iter().filter_map(|field| field.get("code_list")).map(Value::to_string).collect();
            assert_eq!(named, used);
            assert_eq!(trust.get(format["issues"].as_str().unwrap()).await.status, 200);
        }
        let csv = trust.get("/v1/formats/csv").await.expect(200);
        let field = |name: &str| csv["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone();
        assert_eq!(field("status")["values"], serde_json::json!(["waiting", "on-hold", "seen", "closed", "rejected"]));
        assert_eq!((&field("status")["required"], &field("rtt_status")["code_list"]), (&Value::Bool(true), &Value::from("rtt_period_status")));
        let types = csv["code_lists"].as_array().unwrap().iter().find(|list| list["name"] == "waiting_time_measurement_type").unwrap();
        assert_eq!((&types["released"], &types["codes"][2]["retired"]), (&Value::from("2020-11"), &Value::from("Retired 1 April 2020")));
    }

    async fn every_sample_is_downloaded_as_it_is_and_can_be_sent(world: World) {
        let trust = trust(&world).await;
        for adapter in REGISTRY {
            let format = trust.get(&format!("/v1/formats/{}", adapter.format())).await.expect(200);
            let samples = format["samples"].as_array().unwrap();
            assert_eq!(samples.len(), adapter.samples().len());
            for (shown, sample) in samples.iter().zip(adapter.samples()) {
                let answer = trust.get(shown["href"].as_str().unwrap()).await;
                assert_eq!((answer.status, answer.header("content-disposition")), (200, Some(format!("attachment; filename=\"{}\"", sample.name).as_str())));
                match shown["text"].as_str() {
                    Some(text) => assert_eq!((text.as_bytes(), answer.text.as_bytes()), (sample.bytes, sample.bytes), "{}", sample.name),
                    None => assert!(!shown["base64"].as_str().unwrap().is_empty()),
                }
                assert!(shown["provenance"].as_str().unwrap().len() > 100);
            }
        }
        let path = "/v1/waiting-list/submissions?format=csv&validate=true";
        let sample = trust.get("/v1/formats/csv/samples/every-column.csv").await;
        let media = sample.header("content-type").unwrap().to_owned();
        let sent = trust.call(Method::POST, path).header("content-type", &media).body(sample.text).send().await.expect(200);
        assert_eq!((sent["records"]["received"].as_u64(), sent["records"]["rejected"].as_u64()), (Some(7), Some(0)));
    }

    async fn a_template_and_made_up_examples_are_downloaded_and_the_examples_can_be_sent(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let trust = trust(&world).await;
        for adapter in REGISTRY {
            let format = adapter.format();
            let view = trust.get(&format!("/v1/formats/{format}")).await.expect(200);
            let starters = adapter.starters();
            for (href, file) in [(&view["template"], starters.template), (&view["examples"], starters.examples)] {
                let Some(file) = file else {
                    assert!(href.is_null(), "{format}: {href}");
                    continue;
                };
                let answer = trust.get(href.as_str().unwrap()).await;
                let named = format!("attachment; filename=\"{}\"", file.name);
                assert_eq!((answer.status, answer.header("content-disposition")), (200, Some(named.as_str())));
                assert_eq!(answer.text, String::from_utf8_lossy(file.bytes), "{}", file.name);
                assert!(world.persona("provider-hct").get(href.as_str().unwrap()).await.status == 401, "it takes a token, as all else");
            }
            let Some(examples) = starters.examples else { continue };
            let (sender, path) = match adapter.dataset() {
                Dataset::WaitingList => (&trust, "waiting-list"),
                Dataset::Ehcp => (&council, "ehcp"),
                Dataset::ChildIdentifiers => panic!("a crosswalk is in no registry of formats"),
            };
            let call = sender.call(Method::POST, &format!("/v1/{path}/submissions?format={format}&validate=true"));
            let report = call.header("content-type", adapter.media_types()[0]).body(examples.bytes).send().await.expect(200);
            let counts = ["received", "accepted", "rejected"].map(|name| report["records"][name].as_u64().unwrap());
            assert_eq!(counts, [examples.records, examples.records, 0], "{format}: {report}");
        }
    }

    async fn what_is_no_format_or_no_sample_is_not_there(world: World) {
        let trust = trust(&world).await;
        for path in ["/v1/formats/no-such", "/v1/formats/CSV", "/v1/formats/csv/samples/no-such", "/v1/formats/csv/samples/..%2FREADME.md", "/v1/formats/no-such/samples/every-column.csv"] {
            trust.get(path).await.expect_problem(404, "not-found");
        }
    }

    async fn the_page_of_the_formats_takes_a_certificate_and_no_token(world: World) {
        let page = world.persona("stranger").get("/v1/docs/formats").await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(page.text.contains("nhs-number-check-digit") && page.text.contains("every-column.csv"));
        assert!(page.text.contains("href=\"/v1/formats/xlsx/samples/waiting-list-template.xlsx\""));
    }
}

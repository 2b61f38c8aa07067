//! Revocation lists that change while the gateway runs: a good one counts within two seconds, and a bad
//! one does not undo the one in force.

use std::time::Duration;

use integration_tests::until;
use rcgen::{CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, SerialNumber, date_time_ymd};

use super::authorities::{Ca, Identity, pem, replace};
use super::gateways::{Files, Gateway};

/// A bad list put in the place of the one in force, and what the gateway says about it.
struct Trial {
    name: &'static str,
    said: &'static str,
    root: Ca,
    revoked: Identity,
    good: Identity,
    content: String,
}

fn trial(name: &'static str, said: &'static str, content: impl FnOnce(&Ca, &Identity) -> String) -> Trial {
    let root = Ca::root(name, |_| {});
    let [revoked, good] = [(), ()].map(|()| root.client(|_| {}));
    let content = content(&root, &revoked);
    Trial { name, said, root, revoked, good, content }
}

fn changed(said: &'static str, name: &'static str, change: impl Fn(&mut CertificateRevocationListParams)) -> Trial {
    trial(name, said, |root, _| pem("X509 CRL", &root.list_with(&[], change)))
}

fn trials() -> Vec<Trial> {
    let der = |der: &[u8]| pem("X509 CRL", der);
    let older = "older than the one in force";
    vec![
        changed(older, "an-older-number", |list| list.crl_number = SerialNumber::from(4)),
        changed(older, "an-older-number-and-a-later-day", |list| {
            (list.crl_number, list.this_update) = (SerialNumber::from(4), date_time_ymd(2025, 1, 1));
        }),
        changed(older, "the-same-number-and-an-earlier-day", |list| list.this_update = date_time_ymd(2019, 1, 1)),
        changed("out of date", "expired", |list| {
            (list.crl_number, list.next_update) = (SerialNumber::from(6), date_time_ymd(2021, 1, 1));
        }),
        changed("not in force yet", "to-come", |list| {
            (list.crl_number, list.this_update) = (SerialNumber::from(6), date_time_ymd(2080, 1, 1));
        }),
        trial("of-another-issuer", "no revocation list", |_, _| Ca::root("Nobody's root", |_| {}).list(&[])),
        trial("of-an-issuer-of-the-same-name", "not signed by its root", |_, _| {
            let root = Ca::root("of-an-issuer-of-the-same-name", |_| {});
            pem("X509 CRL", &root.list_with(&[], |list| list.crl_number = SerialNumber::from(6)))
        }),
        trial("with-a-turned-bit", "not signed by its root", |root, _| {
            let mut list = root.list_with(&[], |list| list.crl_number = SerialNumber::from(6));
            *list.last_mut().unwrap() ^= 1;
            der(&list)
        }),
        trial("with-a-number-raised-after-signing", "not signed by its root", |root, _| {
            let mut list = root.list_with(&[], |_| {});
            replace(&mut list, &[6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 5], &[6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 9]);
            der(&list)
        }),
        trial("a-difference", "of no use", |root, _| der(&root.list_with_extension(&[0x55, 0x1d, 27], &[2, 1, 5]))),
        trial("with-an-unknown-critical-part", "of no use", |root, _| {
            der(&root.list_with_extension(&[0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1], &[5, 0]))
        }),
        trial("indirect", "of no use", |root, _| der(&root.list_with_extension(&[0x55, 0x1d, 28], &[0x30, 3, 0x84, 1, 0xff]))),
        trial("one-behind-the-other", "two revocation lists", |root, revoked| {
            root.list(&[]) + &der(&root.list_with(&[revoked], |list| list.crl_number = SerialNumber::from(6)))
        }),
        trial("empty", "no revocation list", |_, _| String::new()),
        trial("garbage", "no revocation list", |_, _| "no list at all".into()),
        trial("garbage-in-its-frame", "cannot be read", |_, _| der(&[0x41; 64])),
        trial("half-a-list", "cannot be read", |root, _| {
            let list = root.list_with(&[], |list| list.crl_number = SerialNumber::from(6));
            der(&list[..list.len() / 2])
        }),
        trial("a-certificate", "no revocation list", |root, _| root.pem()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_put_in_the_place_of_another_undoes_a_revocation() {
    let trials = trials();
    let files: Vec<_> = trials.iter().map(|trial| (trial.root.pem(), trial.root.list(&[&trial.revoked]))).collect();
    let authorities: Vec<_> = trials.iter().zip(&files).map(|(trial, (roots, lists))| Files { name: trial.name, roots, lists }).collect();
    let gateway = Gateway::start(&authorities, |_| {}).await;
    let stands = |trial: &Trial| {
        let id = format!("alpha-{}", trial.name);
        assert_eq!(gateway.way.ask(&trial.revoked, &id), [0_u16; 0], "{}: the revoked", trial.name);
        assert_eq!(gateway.way.ask(&trial.good, &id), [200, 200], "{}: the other", trial.name);
    };
    trials.iter().for_each(stands);
    for trial in &trials {
        gateway.write(&format!("pki/{}-crl.pem", trial.name), &trial.content);
    }
    for trial in &trials {
        let told = || {
            let log = gateway.process.log();
            let line = log.lines().find(|line| line.contains("not reloaded") && line.contains(&format!("authority {}\"", trial.name)));
            line.map(str::to_owned)
        };
        until(trial.name, async || told().is_some()).await;
        let line = told().unwrap();
        assert!(line.contains(trial.said), "{}: {line}", trial.name);
    }
    trials.iter().for_each(stands);
    // The next edition of each list is accepted: nothing is stuck.
    for trial in &trials {
        let next = trial.root.list_with(&[&trial.good], |list| list.crl_number = SerialNumber::from(7));
        gateway.write(&format!("pki/{}-crl.pem", trial.name), &pem("X509 CRL", &next));
    }
    for trial in &trials {
        let id = format!("alpha-{}", trial.name);
        until(trial.name, async || gateway.way.ask(&trial.good, &id).is_empty()).await;
        assert_eq!(gateway.way.ask(&trial.revoked, &id), [200, 200], "{}: taken off the list", trial.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_list_seen_counts_through_many_reloads_and_a_restart_believes_the_file() {
    let root = Ca::root("Suite root", |_| {});
    let client = root.client(|_| {});
    let edition =
        |number: u64, revoked: &[&Identity]| pem("X509 CRL", &root.list_with(revoked, |list| list.crl_number = SerialNumber::from(number)));
    let mut gateway = Gateway::start(&[Files { name: "suite", roots: &root.pem(), lists: &edition(5, &[]) }], |_| {}).await;
    assert_eq!(gateway.way.ask(&client, "alpha"), [200, 200]);
    // The list in force goes from 5 to 6 to 7. Then 6 comes back, after an empty file.
    for (number, revoked) in [(6, vec![]), (7, vec![&client])] {
        gateway.write("pki/suite-crl.pem", &edition(number, &revoked));
        let expected = if revoked.is_empty() { vec![200, 200] } else { vec![] };
        until("the edition is read", async || {
            gateway.process.log().matches("\"reloaded\"").count() >= usize::try_from(number - 5).unwrap()
        })
        .await;
        assert_eq!(gateway.way.ask(&client, "alpha"), expected, "{number}");
    }
    for content in ["", &edition(6, &[])] {
        gateway.write("pki/suite-crl.pem", content);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(gateway.way.ask(&client, "alpha").is_empty());
    }
    // A restart forgets the lists seen: the operator answers for the files.
    gateway.process.kill();
    gateway.process.serve().await;
    assert_eq!(gateway.way.ask(&client, "alpha"), [200, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_in_parts_are_kept_apart() {
    let root = Ca::root("Suite root", |_| {});
    let part = |scope, number: u64, revoked: &[&Identity]| {
        let distribution_point = CrlDistributionPoint { uris: vec!["http://lists.invalid/part".into()] };
        pem(
            "X509 CRL",
            &root.list_with(revoked, |list| {
                list.issuing_distribution_point = Some(CrlIssuingDistributionPoint { distribution_point, scope: Some(scope) });
                list.crl_number = SerialNumber::from(number);
            }),
        )
    };
    let client = root.client(|_| {});
    // Each part counts its own editions: a lower number in one is not an older edition of the other.
    let lists = part(CrlScope::CaCertsOnly, 9, &[]) + &part(CrlScope::UserCertsOnly, 2, &[]);
    let gateway = Gateway::start(&[Files { name: "suite", roots: &root.pem(), lists: &lists }], |_| {}).await;
    assert_eq!(gateway.way.ask(&client, "alpha"), [200, 200]);
    let next = part(CrlScope::CaCertsOnly, 9, &[]) + &part(CrlScope::UserCertsOnly, 3, &[&client]);
    gateway.write("pki/suite-crl.pem", &next);
    until("the part is read anew", async || gateway.way.ask(&client, "alpha").is_empty()).await;
}

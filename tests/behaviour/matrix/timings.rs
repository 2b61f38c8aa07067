//! A 404 takes the same time for what is not there and for what is another's, as measured from outside.

use std::time::{Duration, Instant};

use integration_tests::records::{BORN, number};
use integration_tests::{Persona, on_both};

use super::holdings::{Held, Kind, UNHELD};
use super::partners::gather;

const SAMPLES: usize = 150;
const ATTEMPTS: usize = 4;
/// A generous limit: it allows for the machine's noise.
const MOST: f64 = 2.0;

async fn took(persona: &Persona, path: &str) -> Duration {
    let began = Instant::now();
    persona.get(path).await.expect_problem(404, "not-found");
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// The median times of both, in milliseconds, measured in turns.
async fn compare(persona: &Persona, there: &str, not_there: &str) -> (f64, f64) {
    let mut times = [Vec::new(), Vec::new()];
    for nth in 0..SAMPLES {
        let first = nth % 2;
        for at in [first, 1 - first] {
            times[at].push(took(persona, [there, not_there][at]).await);
        }
    }
    let [there, not_there] = times;
    (median(there), median(not_there))
}

on_both! {
    async fn what_is_another_s_takes_as_long_as_what_is_not_there(world: World) {
        let partners = gather(&world).await;
        let held = Held::set_up(&world, &partners).await;
        let curious = &partners.iter().find(|partner| partner.is("council-thurrock")).unwrap().persona;
        let id = |kind: Kind| held.objects.iter().find(|object| object.kind == kind).unwrap().id.clone();
        let nothing = "0197f000-0000-7000-8000-00000000000a";
        let waits = async |nth| format!("/v1/children/{}/waits", curious.child_id(&number(nth), BORN).await);
        let pairs = [
            ("waits", waits(1).await, waits(UNHELD).await),
            ("waits of a child under two identifiers", waits(4).await, waits(UNHELD).await),
            ("a consent", format!("/v1/consents/{}", id(Kind::Consent)), format!("/v1/consents/{nothing}")),
            ("a case", format!("/v1/ehcp/cases/{}", id(Kind::Case)), format!("/v1/ehcp/cases/{nothing}")),
            ("a request", format!("/v1/advice-requests/{}", id(Kind::Request)), format!("/v1/advice-requests/{nothing}")),
        ];
        for (what, there, not_there) in pairs {
            let mut ratio = f64::INFINITY;
            for _ in 0..ATTEMPTS {
                let (there, not_there) = compare(curious, &there, &not_there).await;
                println!("{:?}: {what}: another's {there:.2} ms, not there {not_there:.2} ms", world.database());
                ratio = (there / not_there).max(not_there / there);
                if ratio <= MOST {
                    break;
                }
            }
            assert!(ratio <= MOST, "{what}: a factor of {ratio:.1}");
        }
    }
}

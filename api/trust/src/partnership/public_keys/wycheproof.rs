//! Runs Wycheproof's vectors through the code that loads the partnership's keys and verifies with them.

use serde_json::Value;

use super::*;
use crate::tokens::jws::Jws;

const SIGNATURES: &str = include_str!("../../../../../tests/fixtures/security/wycheproof/json_web_signature_even.json");
const KEYS: &str = include_str!("../../../../../tests/fixtures/security/wycheproof/json_web_key_test.json");

/// The vectors accept these. They are refused here: the key is for PS256, the token is PS384.
const OF_ANOTHER_ALGORITHM: [u64; 2] = [346, 350];

fn groups(file: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(file).unwrap()["testGroups"].as_array().unwrap().clone()
}

fn load(jwk: &Value) -> Option<PublicKey> {
    KeyWire::deserialize(jwk).ok().map(|key| key.0)
}

fn holds(jws: &Value, key: &PublicKey) -> bool {
    // Some vectors are in JSON serialisation, which no client sends.
    jws.as_str().is_some_and(|jws| Jws::parse(jws).and_then(|jws| jws.verify(key)).is_ok())
}

#[test]
fn every_signature_counts_as_it_should_and_none_of_another_algorithm() {
    let (mut right, mut wrong) = (0, 0);
    for group in groups(SIGNATURES) {
        let tests = group["tests"].as_array().unwrap();
        let jwk = &group["public"];
        let mut keys: Vec<PublicKey> = load(jwk).into_iter().collect();
        if keys.is_empty() {
            // A key of another algorithm: try it as each algorithm that is known here.
            for algorithm in ["ES256", "EdDSA", "PS256", "RS512"] {
                let mut jwk = jwk.clone();
                if jwk.is_object() {
                    jwk["alg"] = algorithm.into();
                }
                keys.extend(load(&jwk));
            }
            for test in tests {
                // Two are forgeries only because the key was for another algorithm.
                let taken = |key: &&PublicKey| test["comment"] != format!("Using{}", key.algorithm);
                assert!(!keys.iter().filter(taken).any(|key| holds(&test["jws"], key)), "{test}");
                wrong += 1;
            }
            continue;
        }
        for test in tests {
            let id = test["tcId"].as_u64().unwrap();
            let valid = test["result"] == "valid" && !OF_ANOTHER_ALGORITHM.contains(&id);
            assert_eq!(holds(&test["jws"], &keys[0]), valid, "{test}");
            if valid { right += 1 } else { wrong += 1 }
        }
    }
    assert_eq!((right, wrong), (7, 193));
}

#[test]
fn every_key_that_is_weak_or_says_two_things_is_refused() {
    let mut refused = 0;
    for group in groups(KEYS) {
        let comment = group["comment"].as_str().unwrap();
        let keys = |half: &str| group[half]["keys"].as_array().cloned().unwrap_or_default();
        for private in keys("private").iter().filter(|key| key.get("d").or(key.get("k")).is_some()) {
            assert!(load(private).is_none(), "{comment}: a private key");
        }
        for mut public in keys("public") {
            // RS256 is not supported here. Relabel the key, so that it is refused for its own fault.
            if public["alg"] == "RS256" {
                public["alg"] = "RS512".into();
            }
            let good = comment == "rs256" && public["use"] == "sig" && public["alg"] == "RS512";
            assert_eq!(load(&public).is_some(), good, "{comment}");
            refused += u32::from(!good);
        }
    }
    assert_eq!(refused, 10);
}

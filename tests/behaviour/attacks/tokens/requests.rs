//! Good tokens and assertions, sent in the wrong way.

use integration_tests::on_both;

use super::*;

/// Values of `Authorization` that are not one bearer token.
const AUTHORIZATIONS: [(&str, &[&str]); 19] = [
    ("two headers", &["Bearer {token}", "Bearer {token}"]),
    ("two headers, one empty", &["", "Bearer {token}"]),
    ("two headers, one of another scheme", &["Basic Y291bmNpbC1oZXJ0czo=", "Bearer {token}"]),
    ("two tokens in a header", &["Bearer {token}, Bearer {token}"]),
    ("two tokens side by side", &["Bearer {token} {token}"]),
    ("two schemes", &["Basic Y291bmNpbC1oZXJ0czo=, Bearer {token}"]),
    ("no scheme", &["{token}"]),
    ("no token", &["Bearer"]),
    ("no token, and a space", &["Bearer "]),
    ("another scheme", &["Token {token}"]),
    ("Basic", &["Basic {token}"]),
    ("DPoP", &["DPoP {token}"]),
    ("a colon after the scheme", &["Bearer: {token}"]),
    ("a tab after the scheme", &["Bearer\t{token}"]),
    ("quotation marks", &["Bearer \"{token}\""]),
    ("a name before it", &["Bearer token={token}"]),
    ("a comma after it", &["Bearer {token},"]),
    ("more after it", &["Bearer {token} more"]),
    ("the scheme twice", &["Bearer Bearer {token}"]),
];

/// The scheme's name may be in any case (RFC 9110, 11.1).
const GOOD_AUTHORIZATIONS: [&str; 4] = ["Bearer {token}", "bearer {token}", "BEARER {token}", "Bearer  {token}"];

/// Headers in which the gateway looks for no token.
const HEADERS: [&str; 6] = ["proxy-authorization", "x-access-token", "x-authorization", "x-forwarded-authorization", "cookie", "dpop"];

/// A form's names and values.
type Fields = &'static [(&'static str, &'static str)];

/// Forms, and how they are refused.
const FORMS: [(Fields, u16, &str); 22] = [
    (&[GRANT, KIND], 400, "invalid_request"),
    (&[GRANT, ASSERTION], 400, "invalid_request"),
    (&[GRANT, ASSERTION, CLIENT], 400, "invalid_request"),
    (&[GRANT, KIND, CLIENT], 400, "invalid_request"),
    (&[GRANT, KIND, ("client_assertion", "")], 400, "invalid_request"),
    (&[GRANT, KIND, ASSERTION, ASSERTION], 400, "invalid_request"),
    (&[GRANT, KIND, KIND, ASSERTION], 400, "invalid_request"),
    (&[GRANT, KIND, ASSERTION, CLIENT, CLIENT], 400, "invalid_request"),
    (&[KIND, ASSERTION], 400, "invalid_request"),
    (&[GRANT, KIND, ASSERTION, ("client_id", PROVIDER)], 401, "invalid_client"),
    (&[GRANT, KIND, ASSERTION, ("client_id", "nobody")], 401, "invalid_client"),
    (&[GRANT, KIND, ASSERTION, ("client_id", "COUNCIL-HERTS")], 401, "invalid_client"),
    (&[GRANT, ("client_assertion_type", "jwt-bearer"), ASSERTION], 401, "invalid_client"),
    (&[GRANT, ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), ASSERTION], 401, "invalid_client"),
    (&[GRANT, ("client_assertion_type", "URN:IETF:PARAMS:OAUTH:CLIENT-ASSERTION-TYPE:JWT-BEARER"), ASSERTION], 401, "invalid_client"),
    (&[GRANT, KIND, ("client_assertion", "nonsense")], 401, "invalid_client"),
    (&[GRANT, KIND, ("client_assertion", "{assertion} ")], 401, "invalid_client"),
    (&[GRANT, KIND, ("client_assertion", "{assertion},{assertion}")], 401, "invalid_client"),
    (&[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "{assertion}"), CLIENT], 400, "unsupported_grant_type"),
    (&[("grant_type", "authorization_code"), KIND, ASSERTION], 400, "unsupported_grant_type"),
    (&[GRANT, KIND, ASSERTION, ("scope", "audit:read")], 400, "invalid_scope"),
    (&[GRANT, KIND, ASSERTION, ("scope", "ehcp:read made:up")], 400, "invalid_scope"),
];

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const KIND: (&str, &str) = ("client_assertion_type", TYPE);
const ASSERTION: (&str, &str) = ("client_assertion", "{assertion}");
const CLIENT: (&str, &str) = ("client_id", COUNCIL);

/// How many attacks there are in the tables.
pub(super) const COUNT: usize = AUTHORIZATIONS.len() + HEADERS.len() + FORMS.len();

on_both! {
    async fn a_token_is_read_from_one_authorization_header_and_nowhere_else(world: World) {
        let council = world.persona(COUNCIL);
        let token = own(&world, COUNCIL, "E10000015").right();
        let send = async |values: &[&str]| {
            let mut call = council.call(Method::GET, "/v1/ehcp/cases");
            for value in values {
                call = call.header("authorization", &value.replace("{token}", &token));
            }
            call.send().await
        };
        for good in GOOD_AUTHORIZATIONS {
            send(&[good]).await.expect_status(200);
        }
        for (name, values) in AUTHORIZATIONS {
            token_refused(&send(values).await).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        let with_byte = [b"Bearer ", token.as_bytes(), b"\xff"].concat();
        token_refused(&council.call(Method::GET, "/v1/ehcp/cases").header_bytes("authorization", &with_byte).send().await).unwrap();

        let unasked = |answer: &Answer| {
            answer.expect_problem(401, "unauthorised");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        };
        for header in HEADERS {
            unasked(&council.call(Method::GET, "/v1/ehcp/cases").header(header, &format!("Bearer {token}")).send().await);
        }
        unasked(&council.get(&format!("/v1/ehcp/cases?access_token={token}")).await);
        let form = council.call(Method::POST, "/v1/children/search").header("content-type", "application/x-www-form-urlencoded");
        unasked(&form.body(format!("access_token={token}")).send().await);

        // A head this large may get any answer but 200, and the gateway goes on.
        let large = council.call(Method::GET, "/v1/ehcp/cases").header("authorization", &format!("Bearer {}", "a".repeat(1 << 20)));
        assert!(large.try_send().await.map_or(0, |answer| answer.status) != 200);
        send(&[GOOD_AUTHORIZATIONS[0]]).await.expect_status(200);
    }

    async fn a_form_that_says_too_much_or_too_little_gets_the_error_of_the_standard(world: World) {
        let council = world.persona(COUNCIL);
        let forge = asserters(&world, COUNCIL).swap_remove(0);
        world.change_partnership(|text| with_lines(text, COUNCIL, &listed([&forge])));
        until("the key counts", async || assert_with(&council, &forge.right()).await.status == 200).await;
        let send = async |form: &[(&str, &str)]| {
            let assertion = forge.right();
            let filled: Vec<_> = form.iter().map(|(name, value)| (*name, value.replace("{assertion}", &assertion))).collect();
            let form: Vec<_> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
            council.ask_for_token(&form).await
        };
        for good in [&[GRANT, KIND, ASSERTION][..], &[GRANT, KIND, ASSERTION, CLIENT], &[GRANT, CLIENT], &[GRANT, KIND, ASSERTION, ("scope", ""), ("colour", "red")]] {
            send(good).await.expect_status(200);
        }
        for (form, status, error) in FORMS {
            let answer = send(form).await;
            assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{form:?}");
            if status == 401 {
                client_refused(&answer).unwrap();
            }
        }
        let large = forge.right() + &"a".repeat(1 << 20);
        assert_eq!(send(&[GRANT, KIND, ("client_assertion", &large)]).await.json()["error"], "invalid_request");
        let bytes = council.call(Method::POST, "/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
        let bytes = bytes.body([b"grant_type=client_credentials&client_assertion=", &[0xff, 0xfe][..], b"&client_assertion_type=", TYPE.as_bytes()].concat());
        client_refused(&bytes.send().await).unwrap();
        // An assertion in the query is not read either.
        let asked = format!("/oauth2/token?grant_type=client_credentials&client_assertion_type={TYPE}&client_assertion={}", forge.right());
        let empty = council.call(Method::POST, &asked).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(empty.send().await.json()["error"], "invalid_request");
    }
}

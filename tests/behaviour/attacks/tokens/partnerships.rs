//! Tokens that were right before the partnership or the keys changed.

use integration_tests::on_both;

use super::*;

async fn by_certificate(persona: &Persona) -> Answer {
    persona.ask_for_token(&[("grant_type", "client_credentials"), ("client_id", &persona.client_id)]).await
}

on_both! {
    async fn a_client_may_be_held_to_one_way_of_proving_itself(world: World) {
        let council = world.persona(COUNCIL);
        let forges = asserters(&world, COUNCIL);
        let keys = listed(&forges);
        world.change_partnership(|text| with_lines(text, COUNCIL, &keys));
        until("the keys count", async || assert_with(&council, &forges[0].right()).await.status == 200).await;
        granted(&by_certificate(&council).await).unwrap();

        world.change_partnership(|text| text.replace(&keys, &format!("{keys}\nauthentication = \"private-key-jwt\"")));
        until("the certificate alone is too little", async || by_certificate(&council).await.status == 401).await;
        client_refused(&by_certificate(&council).await).unwrap();
        for forge in &forges {
            granted(&assert_with(&council, &forge.right()).await).unwrap();
        }

        world.change_partnership(|text| text.replace("\"private-key-jwt\"", "\"tls\""));
        until("the certificate is enough", async || by_certificate(&council).await.status == 200).await;
        client_refused(&assert_with(&council, &forges[0].right()).await).unwrap();

        // Assertions by a key that was removed are refused.
        let fewer = listed(&forges[1..]);
        world.change_partnership(|text| text.replace(&keys, &fewer).replace("\"tls\"", "\"either\""));
        until("the others count", async || assert_with(&council, &forges[1].right()).await.status == 200).await;
        client_refused(&assert_with(&council, &forges[0].right()).await).unwrap();
    }

    async fn a_client_that_leaves_takes_no_token_with_it(world: World) {
        let (council, forge) = (world.persona(COUNCIL), own(&world, COUNCIL, "E10000015"));
        let asserted = asserters(&world, COUNCIL).swap_remove(0);
        world.change_partnership(|text| with_lines(text, COUNCIL, &listed([&asserted])));
        until("the key counts", async || assert_with(&council, &asserted.right()).await.status == 200).await;
        let issued = by_certificate(&council).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        granted(&read(&council, &issued).await).unwrap();

        let scopes = "    \"ehcp:read\",\n";
        world.change_partnership(|text| text.replacen(scopes, "", 1));
        until("the scope is gone", async || read(&council, &issued).await.status == 403).await;
        read(&council, &forge.right()).await.expect_problem(403, "scope-missing");

        world.change_partnership(|text| text.replace(&format!("id = \"{COUNCIL}\""), "id = \"council-anew\""));
        until("the client is gone", async || read(&council, &issued).await.status == 401).await;
        for token in [&issued, &forge.right()] {
            token_refused(&read(&council, token).await).unwrap();
        }
        client_refused(&assert_with(&council, &asserted.right()).await).unwrap();
        client_refused(&by_certificate(&council).await).unwrap();
    }

    async fn tokens_of_a_key_that_no_longer_signs_are_refused(world: World) {
        let before = own(&world, COUNCIL, "E10000015");
        granted(&read(&world.persona(COUNCIL), &before.right()).await).unwrap();
        std::fs::write(world.dir().join("keys").join("token-signing.pem"), Key::generate(Algorithm::ES256).pem).unwrap();
        let world = world.restart().await;
        let now = own(&world, COUNCIL, "E10000015");
        assert_ne!(before.key.id, now.key.id);
        let council = world.persona(COUNCIL);
        granted(&read(&council, &now.right()).await).unwrap();
        for header in [json!({}), json!({ "kid": now.key.id })] {
            token_refused(&read(&council, &before.with(&header, &now.claims())).await).unwrap();
        }
    }

    async fn the_client_library_signs_where_its_file_names_a_key(world: World) {
        world.change_partnership(|text| {
            [PROVIDER, COUNCIL].iter().fold(text.to_owned(), |text, id| {
                text.replace(&format!("id = \"{id}\"\n"), &format!("id = \"{id}\"\nauthentication = \"private-key-jwt\"\n"))
            })
        });
        let provider = world.persona(PROVIDER);
        until("the certificate alone is too little", async || by_certificate(&provider).await.status == 401).await;
        let open = |client: &str| {
            let file = world.dir().join("clients").join(client).join("client.toml");
            let configuration = client::Configuration { gateway: issuer(&world), ..client::Configuration::read(&file).unwrap() };
            client::Client::new(&configuration, client::Retries::default()).unwrap()
        };
        let token = open(PROVIDER).token(&["waiting-list:read".parse().unwrap()].into()).await.unwrap();
        provider.with_token(Some(secrecy::ExposeSecret::expose_secret(&token))).get("/v1/waiting-list/entries").await.expect_status(200);
        // The control: the council's file names no signing key.
        let refused = open(COUNCIL).token(&[].into()).await.unwrap_err();
        assert_eq!(refused.problem().unwrap().status, 401);
    }
}

use chrono::Duration;
use domain::KeyPurpose;
use integration_tests::{on_both, today};
use trust::RotationError;

use super::traffic::lay_out;

on_both! {
    async fn a_day_is_always_rounded_with_the_secret_of_its_first_release(world: World) {
        lay_out(&world, 40).await;
        world.build_release(today()).await;
        let refused = world.rotate(Some(KeyPurpose::Release), false).await;
        assert!(matches!(refused, Err(RotationError::NotConfirmed)), "{refused:?}");
        world.rotate(Some(KeyPurpose::Release), true).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        let yesterday = today() - chrono::Days::new(1);
        world.build_release(yesterday).await;
        world.build_release(today()).await;
        let made_with = |secret: u32, day: chrono::NaiveDate| {
            world.ask_database(&format!("SELECT count(*) FROM published_release WHERE secret_id = {secret} AND as_of = '{day}'"))
        };
        assert_eq!((made_with(1, today()), made_with(2, today()), made_with(2, yesterday)), (2, 0, 1));
        let differing = "SELECT count(*) FROM release_table a JOIN release_table b ON a.name = b.name AND a.csv <> b.csv
            JOIN published_release p ON p.id = a.release_id JOIN published_release q ON q.id = b.release_id AND p.as_of = q.as_of";
        assert_eq!(world.ask_database(differing), 0, "the same day, the same figures");
        // A secret stays as long as there is a release made with it.
        let stays = world.retire(Some(KeyPurpose::Release), Duration::days(300)).await;
        assert!(!stays.done && stays.told[0].contains("2 releases were made with it"), "{stays:?}");
    }
}

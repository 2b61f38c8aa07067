//! The committed contract is the one that the route table makes.

#[test]
fn the_committed_document_is_the_one_that_the_route_table_makes() {
    let committed = include_str!("../../openapi/sendbridge.v1.json");
    assert!(committed == server::openapi(), "it has drifted: cargo run -- openapi > openapi/sendbridge.v1.json");
}
